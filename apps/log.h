#pragma once
#include <string>

#include "s4l/apps/terminal.h"

namespace s4l::apps {

/// What a run says on stderr; whole lines also go to its train.log once there is one.
class Log {
 public:
  enum class Level { quiet, normal, verbose };
  Log(Level level, const Terminal& terminal) : level_(level), terminal_(terminal) {}
  ~Log() { clear(); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// From now on lines are appended to `path` too.
  void write_to(const std::string& path) { path_ = path; }
  /// A line; quiet leaves it out of stderr.
  void line(const std::string& text);
  /// A line that quiet shows too.
  void warning(const std::string& text);
  /// A line of the log's file alone.
  void file_only(const std::string& text);
  /// Draws the last line anew, on terminals that can.
  void status(const std::string& text);

  bool moving() const { return terminal_.moving && level_ != Level::quiet; }
  bool verbose() const { return level_ == Level::verbose; }
  const Terminal& terminal() const { return terminal_; }

 private:
  void clear();
  void keep(const std::string& text);

  Level level_;
  Terminal terminal_;
  std::string path_;
  bool drawn_ = false;
};

}  // namespace s4l::apps
