#include "program.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "s4l/core/sanitizer.h"

extern char** environ;

namespace s4l::test {
namespace {

std::vector<std::string> environment_for(const std::map<std::string, std::string>& extra) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text(*entry);
    const bool ours = text.starts_with("S4L_") || text.starts_with("XDG_CONFIG_HOME=") ||
                      text.starts_with("NO_COLOR") || text.starts_with("CLICOLOR");
    if (!ours) all.push_back(text);
  }
  // Nothing is kept outside the test's folder, and nothing read.
  std::map<std::string, std::string> ours{{"S4L_CACHE_DIR", ""}, {"XDG_CONFIG_HOME", "/nowhere"}};
  for (const auto& [name, value] : extra) ours[name] = value;
  for (const auto& [name, value] : ours) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

// In the child, in a mount namespace of its own: as root, or as the root of a new user namespace.
bool mount_tiny_disk(const std::string& at) {
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  if (mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  return mount("tmpfs", at.c_str(), "tmpfs", 0, "size=512k") == 0;
}

}  // namespace

Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Program::Program(const std::string& folder, const Words& words, const Surroundings& surroundings)
    : out_path_(surroundings.stdout_to.empty() ? folder + "/.stdout" : surroundings.stdout_to) {
  Words arguments = Words{S4L_BINARY_DIR "/bin/s4l"} + words;
  std::vector<std::string> environment = environment_for(surroundings.environment);
  const std::vector<char*> argv = pointers(arguments), envp = pointers(environment);
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return;
  pid_ = fork();
  if (pid_ == 0) {
    const int out = open(out_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
    dup2(out, 1);
    dup2(ends[1], 2);
    if (!surroundings.tiny_disk_at.empty() && !mount_tiny_disk(surroundings.tiny_disk_at)) _exit(kNotAllowed);
    const rlimit limit{surroundings.address_space, surroundings.address_space};
    if (limit.rlim_cur != 0 && setrlimit(RLIMIT_AS, &limit) != 0) _exit(kNotAllowed);
    if (chdir(folder.c_str()) == 0) execve(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  close(ends[1]);
  err_ = ends[0];
}

Program::~Program() {
  if (pid_ <= 0) return;
  send(SIGKILL);
  wait();
}

bool Program::wait_for(const std::string& text) {
  char buffer[4096];
  while (!contains(err_text_, text)) {
    const ssize_t count = read(err_, buffer, sizeof buffer);
    if (count <= 0) return false;
    err_text_.append(buffer, static_cast<std::size_t>(count));
  }
  return true;
}

void Program::send(int signal) const { kill(pid_, signal); }

Outcome Program::wait() {
  char buffer[4096];
  for (ssize_t count; (count = read(err_, buffer, sizeof buffer)) > 0;)
    err_text_.append(buffer, static_cast<std::size_t>(count));
  close(err_);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), content(out_path_), err_text_};
}

bool address_space_can_be_limited() {
#if S4L_ADDRESS_SANITIZER || S4L_THREAD_SANITIZER
  return false;
#else
  return true;
#endif
}

Outcome run_s4l(const std::string& folder, const Words& words, const Surroundings& surroundings) {
  return Program(folder, words, surroundings).wait();
}

Words tiny_run(const std::string& method, int steps) {
  return {"run",          method, "--num-labels",   "20",       "--steps",       std::to_string(steps),
          "--batch-size", "4",    "--data-option",  "train=60", "--data-option", "test=40",
          "--workers",    "1",    "--log-interval", "1"};
}

std::string content(const std::string& path) {
  if (!std::filesystem::is_regular_file(path)) return "";
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int lines_in(const std::string& text) { return static_cast<int>(std::count(text.begin(), text.end(), '\n')); }

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace s4l::test
