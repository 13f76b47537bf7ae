// Shell completions, written from the same tables as the help.
#include <algorithm>
#include <map>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "s4l/apps/commands.h"
#include "s4l/apps/exit_code.h"
#include "s4l/apps/nearest.h"
#include "s4l/core/error.h"
#include "s4l/data/dataset.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/recipes.h"
#include "s4l/nn/models/model.h"

namespace s4l::apps {
namespace {

using Names = std::vector<std::string>;

const Names kShells = {"bash", "zsh", "fish"};

CommandLine completion_line() {
  return {"completion",
          "print a shell's completion script",
          "SHELL",
          "bash, zsh or fish",
          {},
          {"s4l completion bash > ~/.local/share/bash-completion/completions/s4l", "s4l completion zsh > ~/.zfunc/_s4l",
           "s4l completion fish > ~/.config/fish/completions/s4l.fish"}};
}

// "a|b" as a and b; a value that stands for others, such as FILE or N|A-B, as none.
Names words_of(const std::string& value) {
  if (std::any_of(value.begin(), value.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) return {};
  Names words;
  std::istringstream parts(value);
  for (std::string word; std::getline(parts, word, '|');) words.push_back(word);
  return words;
}

// What may follow an option; empty: files, or nothing that can be known.
Names values_of(const Option& option) {
  if (option.name == "model") return names_of(nn::models());
  if (option.name == "dataset") return names_of(data::datasets());
  if (option.name == "recipe") return names_of(methods::recipes());
  return words_of(option.value);
}

Names arguments_of(const Command& command) {
  const std::string name = command.name;
  if (name == "run" || name == "config") return names_of(methods::methods());
  if (name == "list") return {"methods", "models", "datasets", "recipes"};
  if (name == "completion") return kShells;
  return {};
}

Names option_words(const CommandLine& line) {
  Names words = {"--help"};
  for (const Option& option : line.options) words.push_back("--" + option.name);
  return words;
}

std::string in_words(const Names& names) { return fmt::format("{}", fmt::join(names, " ")); }

std::string bash() {
  std::string commands;
  std::map<std::string, Names> known;
  for (const Command& command : apps::commands()) {
    for (const Option& option : command.line().options)
      if (const Names words = values_of(option); !words.empty()) known[option.name] = words;
    std::string pattern = command.name;
    if (command.alias != nullptr) pattern += fmt::format("|{}", command.alias);
    commands += fmt::format("    {}) options=\"{}\" arguments=\"{}\" ;;\n", pattern,
                            in_words(option_words(command.line())), in_words(arguments_of(command)));
  }
  std::string values;
  for (const auto& [option, words] : known)
    values +=
        fmt::format("    --{}) COMPREPLY=($(compgen -W \"{}\" -- \"$current\")); return ;;\n", option, in_words(words));
  return fmt::format(
      "# bash completion of s4l\n"
      "_s4l() {{\n"
      "  local current=\"${{COMP_WORDS[COMP_CWORD]}}\" options=\"\" arguments=\"\"\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"{} --help --version\" -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"${{COMP_WORDS[COMP_CWORD-1]}}\" in\n{}  esac\n"
      "  case \"${{COMP_WORDS[1]}}\" in\n{}  esac\n"
      "  case \"$current\" in\n"
      "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$current\")) ;;\n"
      "    *) COMPREPLY=($(compgen -W \"$arguments\" -- \"$current\") $(compgen -f -- \"$current\")) ;;\n"
      "  esac\n"
      "}}\n"
      "complete -o filenames -F _s4l s4l\n",
      in_words(names_of(apps::commands())), values, commands);
}

// A help text inside single quotes; zsh also reads brackets and colons.
std::string in_quotes(std::string text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '\'')
      quoted += "'\\''";
    else if (c == '[' || c == ']' || c == ':')
      quoted += std::string{'\\', c};
    else
      quoted += c;
  }
  return quoted;
}

std::string zsh_option(const Option& option) {
  std::string text = fmt::format("'{}--{}[{}]", option.repeatable ? "*" : "", option.name, in_quotes(option.help));
  if (option.takes == Takes::none) return text + "'";
  const Names values = values_of(option);
  const std::string what = values.empty() ? "_files" : "(" + in_words(values) + ")";
  return text + fmt::format("{}:{}:{}'", option.takes == Takes::maybe_one ? ":" : "", in_quotes(option.value), what);
}

std::string zsh() {
  std::string commands, cases;
  for (const Command& command : apps::commands()) {
    const CommandLine line = command.line();
    commands += fmt::format("    '{}:{}'\n", command.name, in_quotes(line.summary));
    cases += fmt::format("    {}) _arguments '(- *)--help[this text]'", command.name);
    for (const Option& option : line.options) cases += " \\\n      " + zsh_option(option);
    const Names arguments = arguments_of(command);
    cases += arguments.empty() ? " \\\n      '*:file:_files' ;;\n"
                               : fmt::format(" \\\n      '1:argument:({})' ;;\n", in_words(arguments));
  }
  return fmt::format(
      "#compdef s4l\n"
      "_s4l() {{\n"
      "  local -a commands=(\n{}  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  local command=$words[2]\n"
      "  shift words\n"
      "  (( CURRENT-- ))\n"
      "  case $command in\n{}  esac\n"
      "}}\n"
      "if [ \"$funcstack[1]\" = _s4l ]; then _s4l \"$@\"; else compdef _s4l s4l; fi\n",
      commands, cases);
}

std::string fish_quotes(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' || c == '\\' ? std::string{'\\', c} : std::string{c};
  return quoted + "'";
}

std::string fish() {
  std::string text = "# fish completion of s4l\ncomplete -c s4l -n __fish_use_subcommand -f\n";
  for (const Command& command : apps::commands()) {
    const CommandLine line = command.line();
    text +=
        fmt::format("complete -c s4l -n __fish_use_subcommand -a {} -d {}\n", command.name, fish_quotes(line.summary));
    const std::string here = fmt::format("complete -c s4l -n '__fish_seen_subcommand_from {}'", command.name);
    if (const Names arguments = arguments_of(command); !arguments.empty())
      text += fmt::format("{} -f -a '{}'\n", here, in_words(arguments));
    for (const Option& option : line.options) {
      text += fmt::format("{} -l {} -d {}", here, option.name, fish_quotes(option.help));
      if (option.letter != 0) text += fmt::format(" -s {}", option.letter);
      if (option.takes == Takes::one) text += " -r";
      if (const Names values = values_of(option); !values.empty()) text += fmt::format(" -f -a '{}'", in_words(values));
      text += "\n";
    }
  }
  return text;
}

int completion(const Arguments& arguments) {
  check(arguments.positional.has_value(), "s4l completion: expected bash, zsh or fish");
  const std::string& shell = *arguments.positional;
  check_known("shell", shell, kShells);
  fmt::print("{}", shell == "bash" ? bash() : shell == "zsh" ? zsh() : fish());
  return kSuccess;
}

}  // namespace

Command completion_command() { return {"completion", nullptr, completion_line, completion}; }

}  // namespace s4l::apps
