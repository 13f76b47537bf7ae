#include <cstdio>
#include <new>

#include <fmt/format.h>

#include "s4l/apps/commands.h"
#include "s4l/apps/exit_code.h"
#include "s4l/apps/log.h"
#include "s4l/apps/nearest.h"
#include "s4l/core/device/arena.h"
#include "s4l/core/device/processor.h"
#include "s4l/core/device/runtime.h"
#include "s4l/core/error.h"
#include "s4l/apps/terminal.h"

namespace s4l::apps {
namespace {

std::string short_help() {
  std::string text =
      "s4l: image classification from few labels (self-supervised semi-supervised learning)\n\n"
      "  s4l run rotation --labels 10                   train on built-in pictures, about a minute\n"
      "  s4l run rotation --data PATH --labels 10       on yours: a folder with one folder per class\n"
      "  s4l eval runs/rotation-10pct-s0                test the trained model again\n\n"
      "Commands:\n";
  for (const Command& command : commands()) text += fmt::format("  {:<12}{}\n", command.name, command.line().summary);
  return text + "\n`s4l COMMAND --help` tells the options of each; `s4l --version` the version.\n";
}

int dispatch(const std::vector<std::string>& words) {
  if (words.size() > 1 && words[0] == "help") return dispatch({words[1], "--help"});
  if (words.empty() || words[0] == "-h" || words[0] == "--help" || words[0] == "help")
    return std::fputs(short_help().c_str(), stdout), kSuccess;
  if (words[0] == "--version") return fmt::print("s4l {}\n", S4L_VERSION), kSuccess;
  const Command* command = find_command(words[0]);
  if (command == nullptr) {
    const char* kind = words[0].starts_with("-") ? "option" : "command";
    const std::string suggestion = did_you_mean(words[0], names_of(commands()));
    throw Error(fmt::format("unknown {} \"{}\"{}", kind, words[0],
                            suggestion.empty() ? "; `s4l --help` lists the commands" : suggestion));
  }
  const CommandLine line = command->line();
  const Arguments arguments = parse(line, {words.begin() + 1, words.end()});
  if (arguments.help) return std::fputs(help_text(line).c_str(), stdout), kSuccess;
  check_processor(this_processor());
  return command->run(arguments);
}

int report(const std::string& message, ExitCode code) {
  if (log_format() == LogFormat::json)
    std::fputs((json_line("error", message) + "\n").c_str(), stderr);
  else
    std::fputs((paint(terminal_of(2), Colour::red, "s4l: error:") + " " + one_line(message) + "\n").c_str(), stderr);
  return code;
}

int run_program(const std::vector<std::string>& words) {
  try {
    const int code = dispatch(words);
    // A result that did not arrive is no success.
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return report("stdout: cannot write the result", kFailed);
    return code;
  } catch (const Error& error) {
    return report(error.what(), error.kind() == ErrorKind::usage ? kUsage : kFailed);
  } catch (const std::bad_alloc&) {
    return report("memory: expected more from the system, got none; tensors hold " +
                      size_text(runtime(kCpu).memory_use().current) +
                      "; a smaller --batch-size, --eval-batch or --img-size needs less",
                  kFailed);
  } catch (const std::exception& error) {
    return report(error.what(), kFailed);
  }
}

}  // namespace
}  // namespace s4l::apps

int main(int argc, char** argv) { return s4l::apps::run_program({argv + 1, argv + argc}); }
