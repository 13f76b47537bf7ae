#pragma once
#include <string>

#include "s4l/apps/terminal.h"
#include "s4l/core/io/json.h"

namespace s4l::apps {

enum class LogFormat { text, json };
/// How the process writes its lines on stderr; an error starts with `origin` ("--log-format").
void set_log_format(const std::string& origin, const std::string& text);
LogFormat log_format();
/// A JSON line of the log: time, level and message.
std::string json_line(const char* level, const std::string& message);

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
  /// Figures, where the format is JSON: a line with time, level and these.
  void event(const io::Json& figures);
  /// A line of the log's file alone.
  void file_only(const std::string& text);
  /// Draws the last line anew, on terminals that can.
  void status(const std::string& text);

  /// Takes that line away, before others write.
  void clear();

  bool moving() const { return terminal_.moving && level_ != Level::quiet && log_format() == LogFormat::text; }
  bool verbose() const { return level_ == Level::verbose; }
  const Terminal& terminal() const { return terminal_; }

 private:
  void show(const std::string& line);
  void keep(const std::string& line);

  Level level_;
  Terminal terminal_;
  std::string path_;
  bool drawn_ = false;
};

}  // namespace s4l::apps
