#pragma once
#include <string>

namespace s4l::apps {

/// What one of the standard streams can show.
struct Terminal {
  bool moving = false;  ///< a line may be drawn over: a tty that is not dumb
  bool colour = false;  ///< escape codes for colour are wanted
  int columns = 80;
};

/// Looks at `descriptor` (1: stdout, 2: stderr) and at NO_COLOR, CLICOLOR_FORCE and TERM.
Terminal terminal_of(int descriptor);

/// `text` on one line whatever a file or an argument has put into it: control characters become \n, \t or \x1B.
std::string one_line(const std::string& text);

enum class Colour { red = 31, green = 32, yellow = 33, bold = 1 };
/// `text` in that colour where the terminal wants it.
std::string paint(const Terminal& terminal, Colour colour, const std::string& text);

}  // namespace s4l::apps
