#pragma once
#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

namespace s4l::test {

using Words = std::vector<std::string>;
/// `a` and then `b`.
Words operator+(Words a, const Words& b);

struct Outcome {
  int code = -1;  ///< exit status; -N if signal N ended it
  std::string out, err;
};

struct Surroundings {
  std::map<std::string, std::string> environment = {};
  std::string stdout_to = {};     ///< a file instead of folder/.stdout
  std::string tiny_disk_at = {};  ///< mount a file system of 512 KiB there first
  std::size_t address_space = 0;  ///< bytes that it may map, if not 0
};

/// The real program as a process of its own in `folder`, without the S4L_ variables of this one.
class Program {
 public:
  static constexpr int kNotAllowed = 99;  ///< exit status where the mount is refused

  Program(const std::string& folder, const Words& words, const Surroundings& surroundings = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  /// Reads stderr until it holds `text`; false if the program ends first.
  bool wait_for(const std::string& text);
  void send(int signal) const;
  pid_t pid() const { return pid_; }
  Outcome wait();

 private:
  pid_t pid_ = -1;
  int err_ = -1;
  std::string out_path_, err_text_;
};

/// False in a sanitizer's build, which maps more than any limit.
bool address_space_can_be_limited();

/// Runs it to its end.
Outcome run_s4l(const std::string& folder, const Words& words, const Surroundings& surroundings = {});

/// Few pictures and steps: a run of well under a second.
Words tiny_run(const std::string& method, int steps);

std::string content(const std::string& path);
int lines_in(const std::string& text);
bool contains(const std::string& text, const std::string& part);

}  // namespace s4l::test
