#include "s4l/apps/log.h"

#include <chrono>
#include <cstdio>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "s4l/core/error.h"
#include "s4l/core/io/file.h"

namespace s4l::apps {
namespace {

LogFormat chosen_format = LogFormat::text;

io::Json json_head(const char* level) {
  using std::chrono::milliseconds;
  const auto now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  const auto part = now.time_since_epoch() % std::chrono::seconds(1);
  io::Json json;
  json.set("time",
           fmt::format("{:%FT%T}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), part.count()));
  json.set("level", level);
  return json;
}

/// The beginning of UTF-8 text that takes at most `columns`: a line that wraps could not be drawn over.
std::string cut_to(int columns, const std::string& text) {
  int taken = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins_character = (static_cast<unsigned char>(text[i]) & 0xC0u) != 0x80u;
    if (begins_character && ++taken > columns) return text.substr(0, i);
  }
  return text;
}

}  // namespace

void set_log_format(const std::string& origin, const std::string& text) {
  check(text == "text" || text == "json", "{}: expected text or json, got \"{}\"", origin, text);
  chosen_format = text == "json" ? LogFormat::json : LogFormat::text;
}

LogFormat log_format() { return chosen_format; }

std::string json_line(const char* level, const std::string& message) {
  io::Json json = json_head(level);
  json.set("message", message);
  return json.dump();
}

void Log::clear() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

void Log::keep(const std::string& line) {
  if (path_.empty()) return;
  try {
    io::append(path_, line + "\n");
  } catch (const Error& error) {
    path_.clear();  // the run goes on without its log, and says so once
    warning(fmt::format("no more log is kept: {}", error.what()));
  }
}

void Log::show(const std::string& line) {
  clear();
  std::fputs((line + "\n").c_str(), stderr);  // who reads it may be gone: no reason to stop
}

void Log::line(const std::string& text) {
  const std::string line = log_format() == LogFormat::json ? json_line("info", text) : one_line(text);
  if (level_ != Level::quiet) show(line);
  keep(line);
}

void Log::warning(const std::string& text) {
  const bool json = log_format() == LogFormat::json;
  show(json ? json_line("warning", text) : paint(terminal_, Colour::yellow, "warning:") + " " + one_line(text));
  keep(json ? json_line("warning", text) : "warning: " + one_line(text));
}

void Log::event(const io::Json& figures) {
  io::Json json = json_head("info");
  for (const auto& [name, value] : figures.object()) json.set(name, value);
  if (level_ != Level::quiet) show(json.dump());
  keep(json.dump());
}

void Log::file_only(const std::string& text) { keep(log_format() == LogFormat::json ? json_line("info", text) : text); }

void Log::status(const std::string& text) {
  if (!moving()) return;
  std::fputs(("\r\033[K" + cut_to(terminal_.columns - 1, text)).c_str(), stderr);
  std::fflush(stderr);
  drawn_ = true;
}

}  // namespace s4l::apps
