#include "s4l/apps/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

namespace s4l::apps {
namespace {

bool is_set(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

}  // namespace

Terminal terminal_of(int descriptor) {
  Terminal terminal;
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  terminal.moving = isatty(descriptor) == 1 && !dumb;
  const bool forced = is_set("CLICOLOR_FORCE") && std::string_view(std::getenv("CLICOLOR_FORCE")) != "0";
  terminal.colour = !is_set("NO_COLOR") && (forced || terminal.moving);
  winsize size{};
  if (terminal.moving && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.columns = size.ws_col;
  return terminal;
}

std::string one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n' || c == '\t')
      line += c == '\n' ? "\\n" : "\\t";
    else if (byte < 0x20 || byte == 0x7F)
      line += fmt::format("\\x{:02X}", byte);
    else
      line += c;
  }
  return line;
}

std::string paint(const Terminal& terminal, Colour colour, const std::string& text) {
  return terminal.colour ? fmt::format("\033[{}m{}\033[0m", static_cast<int>(colour), text) : text;
}

}  // namespace s4l::apps
