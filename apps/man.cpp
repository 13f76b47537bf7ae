// The manual page, written from the same tables as the help.
#include <fmt/format.h>

#include "s4l/apps/commands.h"
#include "s4l/apps/exit_code.h"

namespace s4l::apps {
namespace {

CommandLine man_line() {
  return {"man", "print the manual page (roff)", "", "", {}, {"s4l man | man -l -", "s4l man > s4l.1"}};
}

// Text that roff leaves alone; a line that begins with a dot would be a request.
std::string roff(const std::string& text) {
  std::string out;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    line_begins = c == '\n';
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

std::string option_entry(const Option& option) {
  std::string text = ".TP\n";
  if (option.letter != 0) text += fmt::format("\\fB\\-{}\\fR, ", option.letter);
  text += fmt::format("\\fB{}\\fR", roff("--" + option.name));
  if (option.takes == Takes::one) text += fmt::format(" \\fI{}\\fR", roff(option.value));
  if (option.takes == Takes::maybe_one) text += fmt::format(" [\\fI{}\\fR]", roff(option.value));
  text += "\n" + roff(option.help);
  if (!option.standard.empty()) text += roff(" [" + option.standard + "]");
  for (std::size_t i = 0; i < option.aliases.size(); ++i)
    text += (i == 0 ? "; also " : ", ") + roff("--" + option.aliases[i]);
  return text + "\n";
}

std::string command_section(const Command& command) {
  const CommandLine line = command.line();
  std::string text = fmt::format(".SS \"s4l {}\"\n{}", line.name, roff(line.summary));
  if (command.alias != nullptr) text += fmt::format("; also called {}", command.alias);
  text += ".\n";
  for (const auto& [name, help] : {std::pair{line.positional, line.positional_help}, {line.rest, line.rest_help}})
    if (!name.empty()) text += fmt::format(".TP\n\\fI{}\\fR\n{}\n", roff(name), roff(help));
  for (const bool common : {true, false})
    for (const Option& option : line.options)
      if (option.common == common) text += option_entry(option);
  if (!line.note.empty()) text += ".PP\n" + roff(line.note) + "\n";
  text += ".PP\n.nf\n";
  for (const std::string& example : line.examples) text += roff(example) + "\n";
  return text + ".fi\n";
}

constexpr const char* kEnd =
    ".SH ENVIRONMENT\n"
    "\\fBS4L_\\fINAME\\fR sets an option of \\fBs4l run\\fR: S4L_BATCH_SIZE=32. S4L_NUM_THREADS is the number of "
    "threads,\n"
    "S4L_LOG the format of the log; S4L_MEMORY_POOL=0 lets every tensor on a GPU have memory of its own, so that\n"
    "compute\\-sanitizer sees accesses outside of it; NO_COLOR and CLICOLOR_FORCE turn colour off and on.\n"
    ".SH EXIT STATUS\n"
    "0 done; 1 failed; 2 wrong usage; 3 finished below a threshold; 75 stopped and saved, to be resumed; 130 "
    "Ctrl\\-C.\n";

int man(const Arguments&) {
  fmt::print(
      ".TH S4L 1 \"\" \"s4l {}\" \"User commands\"\n.SH NAME\ns4l \\- image classification from few labels\n"
      ".SH SYNOPSIS\n.B s4l\n.I COMMAND\n[\\fIARGUMENTS\\fR] [\\fIOPTIONS\\fR]\n.SH DESCRIPTION\n"
      "Trains image classifiers from a few labelled and many unlabelled pictures, tests them and applies them. Results "
      "go\n"
      "to standard output, everything else to standard error.\n.SH COMMANDS\n",
      S4L_VERSION);
  for (const Command& command : commands()) fmt::print("{}", command_section(command));
  fmt::print("{}", kEnd);
  return kSuccess;
}

}  // namespace

Command man_command() { return {"man", nullptr, man_line, man}; }

}  // namespace s4l::apps
