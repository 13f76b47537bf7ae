#pragma once
#include <optional>
#include <string>
#include <vector>

namespace s4l::apps {

/// How many values an option takes on the command line.
enum class Takes { none, one, maybe_one };

/// An option of a command. `name` is the canonical spelling without dashes; the aliases are accepted and not shown.
struct Option {
  std::string name;
  std::string value;  ///< what stands for its value in the help: "N", "FILE"
  std::string help;
  bool common = false;  ///< shown before the others
  Takes takes = Takes::one;
  char letter = 0;  ///< short form, or 0
  std::vector<std::string> aliases = {};
  std::string standard = {};  ///< the default as text, shown in the help
  bool repeatable = false;    ///< else the last one counts
};

/// What a command accepts and how its help presents it.
struct CommandLine {
  std::string name;  ///< "run"
  std::string summary;
  std::string positional;  ///< "METHOD"; empty: none
  std::string positional_help;
  std::vector<Option> options;
  std::vector<std::string> examples;
  std::string note = {};  ///< stands before the examples
  std::string rest = {};  ///< "PICTURES": what any number of further arguments are; empty: none may follow
  std::string rest_help = {};
};

/// What was given, by canonical name, in the order of the options' declaration.
struct Arguments {
  struct Value {
    std::string name, text;  ///< text: "true" or "false" of an option without a value
  };
  std::vector<Value> values;
  std::optional<std::string> positional;
  std::vector<std::string> rest;   ///< the arguments after it
  std::vector<std::string> words;  ///< as they were typed
  bool help = false;

  const std::string* find(const std::string& name) const;
  bool has(const std::string& name) const { return find(name) != nullptr; }
  std::string get(const std::string& name, const std::string& otherwise = "") const;
  /// Of an option without a value: given, and not as --no-NAME.
  bool on(const std::string& name) const { return get(name) == "true"; }
};

/// Reads the words after the command. `_` and `-` are the same in names; --no-NAME is --NAME=false of an option without
/// a value. An unknown option is an error of kind usage with the nearest one.
Arguments parse(const CommandLine& line, std::vector<std::string> words);
/// The text of `s4l NAME --help`, which ends with the examples.
std::string help_text(const CommandLine& line);

}  // namespace s4l::apps
