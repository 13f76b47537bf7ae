#include "s4l/apps/log.h"

#include <cstdio>

#include <fmt/format.h>

#include "s4l/core/error.h"
#include "s4l/core/io/file.h"

namespace s4l::apps {

namespace {

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

void Log::clear() {
  if (drawn_) std::fputs("\r\033[K", stderr);
  drawn_ = false;
}

void Log::keep(const std::string& text) {
  if (path_.empty()) return;
  try {
    io::append(path_, text + "\n");
  } catch (const Error& error) {
    path_.clear();  // the run goes on without its log, and says so once
    warning(fmt::format("no more log is kept: {}", error.what()));
  }
}

void Log::line(const std::string& text) {
  if (level_ != Level::quiet) {
    clear();
    fmt::print(stderr, "{}\n", one_line(text));
  }
  keep(text);
}

void Log::warning(const std::string& text) {
  clear();
  fmt::print(stderr, "{} {}\n", paint(terminal_, Colour::yellow, "warning:"), one_line(text));
  keep("warning: " + text);
}

void Log::file_only(const std::string& text) { keep(text); }

void Log::status(const std::string& text) {
  if (!moving()) return;
  fmt::print(stderr, "\r\033[K{}", cut_to(terminal_.columns - 1, text));
  std::fflush(stderr);
  drawn_ = true;
}

}  // namespace s4l::apps
