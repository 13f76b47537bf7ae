#include "s4l/apps/compare_request.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "s4l/apps/nearest.h"
#include "s4l/apps/log_options.h"
#include "s4l/apps/run_folder.h"
#include "s4l/apps/run_request.h"
#include "s4l/apps/settings.h"
#include "s4l/apps/stages.h"
#include "s4l/apps/threads.h"
#include "s4l/core/error.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/chain.h"

namespace s4l::apps {
namespace {

// Of `s4l run`: what says how a run is carried out and shown.
constexpr std::array kShared = {"config", "threads", "time"};

std::vector<Option> own_options() {
  return {
      {"seeds", "N|A-B", "seeds 0 ... N-1, or A ... B: each is one choice of labels", true, Takes::one, 0, {}, "3"},
      {"only", "METHOD", "run this one alone, show all; repeatable", true, Takes::one, 0, {}, "", true},
      {"equal", "steps|time", "what the runs have in common with the first METHOD's", true, Takes::one, 0, {}, "steps"},
      {"against", "METHOD", "the row that the others are held against [supervised, else the first]", true},
      {"new-pictures", "", "a seed is the --data-seed of generated pictures too", true, Takes::none},
      {"output", "DIR", "folder of the runs and tables, continued if it exists [runs/compare-LABELS]", true, Takes::one,
       'o'},
      {"dry-run", "", "tell the time it will take, write nothing", true, Takes::none},
  };
}

std::uint64_t seed_from(const std::string& text) {
  const double seed = number_from("--seeds", text);
  check(seed >= 0 && seed < 1e9 && seed == static_cast<double>(static_cast<std::uint64_t>(seed)),
        "--seeds: expected N or A-B in whole numbers, got \"{}\"", text);
  return static_cast<std::uint64_t>(seed);
}

void read_seeds(const std::string& text, CompareRequest& request) {
  const std::size_t dash = text.find('-', 1);
  if (dash == std::string::npos) {
    const std::uint64_t count = seed_from(text);
    check(count >= 1, "--seeds: expected 1 or more, got {}", text);
    request.last_seed = count - 1;
    return;
  }
  request.first_seed = seed_from(text.substr(0, dash));
  request.last_seed = seed_from(text.substr(dash + 1));
  check(request.first_seed <= request.last_seed, "--seeds: expected A-B with A not above B, got \"{}\"", text);
}

bool is_own(const methods::RunOptions& options, const Setting& setting) {
  const auto* field = std::get_if<MethodField>(&setting.place);
  return field == nullptr || field->standards.count(options.method) > 0;
}

/// The options of each stage of the method that the layers name.
std::vector<methods::RunOptions> stages_from(const std::string& recipe, std::vector<Layer> layers) {
  const std::size_t count = methods::find_method(combine(recipe, layers).method).stages.size();
  std::vector<methods::RunOptions> stages;
  layers.emplace_back();
  for (std::size_t number = 1; number <= count; ++number) {
    layers.back() = {{"stage", std::to_string(number), "--stage"}};
    stages.push_back(combine(recipe, layers));
  }
  return stages;
}

/// An option of some methods goes to those that have it.
CompareEntry entry_from(const std::string& word, const Arguments& arguments) {
  CompareEntry entry{word, word, {}, {}};
  std::replace_if(
      entry.file_name.begin(), entry.file_name.end(), [](char c) { return c == '@' || c == '/'; }, '-');
  const std::size_t at = word.find('@');
  entry.options.method = word.substr(0, at);
  check_known("method", entry.options.method, names_of(methods::methods()));
  Arguments own;
  own.positional = entry.options.method;
  for (const Arguments::Value& value : arguments.values) {
    const Setting* setting = find_setting(value.name);
    if (setting == nullptr || is_own(entry.options, *setting)) own.values.push_back(value);
  }
  const std::string recipe = at == std::string::npos ? "" : word.substr(at + 1);
  entry.options = combine(recipe, layers_from(own));
  check_has_data(recipe, layers_from(own));
  entry.trainings = {entry.options};
  if (asks_for_stages(entry.options)) {
    // --steps is what they take together: the recipe says how they share it.
    std::erase_if(own.values, [](const Arguments::Value& value) { return value.name == "steps"; });
    entry.options = combine(recipe, layers_from(own));
    entry.trainings = stages_from(recipe, layers_from(own));
  }
  return entry;
}

void check_options_have_a_method(const CompareRequest& request, const Arguments& arguments) {
  for (const Arguments::Value& value : arguments.values) {
    const Setting* setting = find_setting(value.name);
    const auto has = [&](const CompareEntry& entry) { return setting == nullptr || is_own(entry.options, *setting); };
    check(std::any_of(request.entries.begin(), request.entries.end(), has),
          "--{}: expected an option of one of the methods compared, got one of none", value.name);
  }
}

/// The baseline where there is one.
std::string usual_reference(const std::vector<CompareEntry>& entries) {
  for (const CompareEntry& entry : entries)
    if (entry.options.method == "supervised") return entry.name;
  return entries[0].name;
}

}  // namespace

std::string CompareRequest::run_folder(const CompareEntry& entry, std::uint64_t seed) const {
  return fmt::format("{}/{}-s{}", folder, entry.file_name, seed);
}

std::vector<std::string> CompareRequest::training_folders(const CompareEntry& entry, std::uint64_t seed) const {
  const std::string whole = run_folder(entry, seed);
  if (!entry.chained()) return {whole};
  const methods::Chain chain(entry.trainings, whole);
  std::vector<std::string> folders;
  for (int number = 1; number <= chain.count(); ++number) folders.push_back(chain.folder(number));
  return folders;
}

std::vector<methods::RunOptions> CompareRequest::trainings_of(const CompareEntry& entry, std::uint64_t seed) const {
  std::vector<methods::RunOptions> trainings = entry.trainings;
  for (methods::RunOptions& options : trainings) {
    options.seed = seed;
    if (new_pictures) options.data_seed += seed;
  }
  return trainings;
}

CommandLine compare_line() {
  CommandLine line{"compare",
                   "train several methods on the same labels and say which is better",
                   "METHOD",
                   "what the budget is taken from: METHOD or METHOD@RECIPE",
                   own_options(),
                   {"s4l compare rotation supervised --labels 10 --seeds 5",
                    "s4l compare rotation fixmatch supervised --data my-pictures --labels-per-class 4 --seeds 3",
                    "s4l compare rotation supervised --equal time --seeds 5 --dry-run",
                    "s4l compare rotation supervised --seeds 5-9 --only rotation -o runs/compare-10pct"}};
  line.rest = "METHODS";
  line.rest_help = "the others";
  line.note =
      "Every run is a folder of its own below --output; finished ones are not run again, stopped ones go on.\n"
      "Settings are those of `s4l run`; each METHOD starts from its own recipe. One that trains several times shares\n"
      "the steps, or the time, among its stages as its recipe does.";
  for (const Option& option : run_line().options) {
    const bool shared = std::count(kShared.begin(), kShared.end(), option.name) > 0;
    if (shared || (find_setting(option.name) != nullptr && option.name != "seed")) line.options.push_back(option);
  }
  for (Option& option : log_options()) line.options.push_back(std::move(option));
  return line;
}

CompareRequest compare_request_from(const Arguments& arguments) {
  const auto on = [&](const char* name) { return arguments.get(name) == "true"; };
  CompareRequest request;
  check(arguments.positional.has_value() && !arguments.rest.empty(),
        "compare: expected two or more METHODs, as in s4l compare rotation supervised --seeds 5");
  request.entries.push_back(entry_from(*arguments.positional, arguments));
  for (const std::string& word : arguments.rest) request.entries.push_back(entry_from(word, arguments));
  const std::vector<std::string> names = names_of(request.entries);
  for (const std::string& name : names)
    check(std::count(names.begin(), names.end(), name) == 1, "compare: expected each METHOD once, got {} twice", name);
  check_options_have_a_method(request, arguments);
  read_seeds(arguments.get("seeds", "3"), request);
  for (const Arguments::Value& value : arguments.values)
    if (value.name == "only") request.only.push_back(value.text);
  for (const std::string& name : request.only) check_known("--only", name, names);
  request.reference = arguments.get("against", usual_reference(request.entries));
  check_known("--against", request.reference, names);
  const std::string equal = arguments.get("equal", "steps");
  check(equal == "steps" || equal == "time", "--equal: expected steps or time, got \"{}\"", equal);
  request.equal_time = equal == "time";
  request.steps = static_cast<std::int64_t>(number_from("--steps", arguments.get("steps", "0")));
  request.new_pictures = on("new-pictures");
  request.folder = arguments.get("output", comparison_folder(request.entries[0].options));
  request.dry_run = on("dry-run");
  request.seconds = time_limit_from(arguments);
  set_threads(arguments);
  return request;
}

}  // namespace s4l::apps
