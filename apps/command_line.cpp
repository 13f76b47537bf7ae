#include "s4l/apps/command_line.h"

#include <algorithm>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "s4l/apps/foreign_options.h"
#include "s4l/apps/nearest.h"
#include "s4l/core/error.h"

namespace s4l::apps {
namespace {

const Option* find_option(const CommandLine& line, const std::string& name) {
  for (const Option& option : line.options)
    if (option.name == name || std::count(option.aliases.begin(), option.aliases.end(), name) > 0) return &option;
  return nullptr;
}

// "--imgsz=32" becomes "--img-size=32", "--no-nesterov" "--nesterov=false": CLI11 sees canonical names alone.
std::string canonical(const CommandLine& line, const std::string& word) {
  if (!word.starts_with("--") || word.size() == 2) return word;
  const std::size_t equals = word.find('=');
  std::string name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
  const std::string rest = equals == std::string::npos ? "" : word.substr(equals);
  std::replace(name.begin(), name.end(), '_', '-');
  if (name == "help") return word;
  if (const Option* option = find_option(line, name)) return "--" + option->name + rest;
  if (name.starts_with("no-") && rest.empty())
    if (const Option* option = find_option(line, name.substr(3)); option != nullptr && option->takes == Takes::none)
      return "--" + option->name + "=false";
  if (const std::string answer = foreign_option(name); !answer.empty())
    fail(ErrorKind::usage, "there is no option --{}: {}", name, answer);
  std::vector<std::string> known{"help"};
  for (const Option& option : line.options) known.push_back(option.name);
  const std::string suggestion = did_you_mean(name, known, "--");
  fail(ErrorKind::usage, "unknown option --{}{}", name,
       suggestion.empty() ? fmt::format("; see s4l {} --help", line.name) : suggestion);
}

struct Parser {
  CLI::App app;
  std::string positional;
  std::vector<std::string> rest;
  std::vector<CLI::Option*> options;

  explicit Parser(const CommandLine& line) : app(line.summary, "s4l " + line.name) {
    app.get_formatter()->column_width(36);
    app.set_help_flag("-h,--help", "this text")->group("Common options");
    app.allow_extras();  // they are met with better messages than CLI11's
    if (!line.positional.empty()) app.add_option(line.positional, positional, line.positional_help)->option_text(" ");
    if (!line.rest.empty()) app.add_option(line.rest, rest, line.rest_help)->option_text(" ");
    for (const bool common : {true, false})
      for (const Option& option : line.options)
        if (option.common == common) add(option);
    options.resize(line.options.size());
    for (std::size_t i = 0; i < options.size(); ++i) options[i] = app.get_option("--" + line.options[i].name);
    std::string footer = line.note.empty() ? "" : line.note + "\n\n";
    footer += "Examples:";
    for (const std::string& example : line.examples) footer += "\n  " + example;
    app.footer(footer);
  }

 private:
  void add(const Option& option) {
    const std::string names = (option.letter != 0 ? fmt::format("-{},", option.letter) : "") + "--" + option.name;
    CLI::Option* added = option.takes == Takes::none ? app.add_flag(names, option.help)
                                                     : app.add_option(names, option.help)->expected(1);
    if (option.takes == Takes::maybe_one) added->expected(0, 1);
    added->group(option.common ? "Common options" : "More options");
    added->multi_option_policy(option.repeatable ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
    if (option.takes == Takes::none) return;
    const std::string value = option.takes == Takes::maybe_one ? "[" + option.value + "]" : option.value;
    added->option_text(option.standard.empty() ? value : fmt::format("{} [{}]", value, option.standard));
  }
};

// "lr=0.1", as other tools take options.
void refuse_assignment(const CommandLine& line, const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos || equals == 0 || word.starts_with("-")) return;
  std::string name = word.substr(0, equals);
  std::replace(name.begin(), name.end(), '_', '-');
  const Option* option = find_option(line, name);
  fail(ErrorKind::usage, "\"{}\" is not how options are given; did you mean --{} {}?", word,
       option != nullptr ? option->name : name, word.substr(equals + 1));
}

void refuse_extra_words(const CommandLine& line, const std::vector<std::string>& words) {
  for (const std::string& word : words) refuse_assignment(line, word);
  if (words.empty()) return;
  fail(ErrorKind::usage, "unexpected {} \"{}\"; see s4l {} --help", words[0].starts_with("-") ? "option" : "argument",
       words[0], line.name);
}

}  // namespace

const std::string* Arguments::find(const std::string& name) const {
  const auto found = std::find_if(values.begin(), values.end(), [&](const Value& v) { return v.name == name; });
  return found == values.end() ? nullptr : &found->text;
}

std::string Arguments::get(const std::string& name, const std::string& otherwise) const {
  const std::string* text = find(name);
  return text == nullptr ? otherwise : *text;
}

Arguments parse(const CommandLine& line, std::vector<std::string> words) {
  Parser parser(line);
  Arguments arguments;
  arguments.words = words;
  for (std::string& word : words) word = canonical(line, word);
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  try {
    parser.app.parse(words);
  } catch (const CLI::CallForHelp&) {
    arguments.help = true;
    return arguments;
  } catch (const CLI::ArgumentMismatch& error) {  // "--lr: 1 required FLOAT missing"
    const std::string text = error.what();
    fail(ErrorKind::usage, "{}: expected a value, got none", text.substr(0, text.find(':')));
  } catch (const CLI::ParseError& error) {
    fail(ErrorKind::usage, "{}", error.what());
  }
  refuse_assignment(line, parser.positional);
  refuse_extra_words(line, parser.app.remaining());
  for (const std::string& word : parser.rest) refuse_assignment(line, word);
  if (!parser.positional.empty()) arguments.positional = parser.positional;
  arguments.rest = parser.rest;
  for (std::size_t i = 0; i < line.options.size(); ++i) {
    if (parser.options[i]->count() == 0) continue;
    const Option& option = line.options[i];
    for (const std::string& text : parser.options[i]->reduced_results()) {
      check(option.takes != Takes::none || text == "true" || text == "false", "--{}: expected no value, got \"{}\"",
            option.name, text);
      arguments.values.push_back({option.name, text});
    }
  }
  return arguments;
}

std::string help_text(const CommandLine& line) { return Parser(line).app.help(); }

}  // namespace s4l::apps
