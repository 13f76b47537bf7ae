// The rows of the paper's tables: docs/methods/README.md, and the recipes that its commands name.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <sstream>

#include "../core/new_folder.h"
#include "program.h"
#include "s4l/core/io/file.h"
#include "s4l/core/io/json.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/recipes.h"

using namespace s4l;
using namespace s4l::test;

namespace {

/// What stands between `begin` and the next backtick, each time.
std::vector<Words> quoted_commands(const std::string& text, const std::string& begin) {
  std::vector<Words> commands;
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += begin.size();
    std::istringstream words(text.substr(at, text.find('`', at) - at));
    commands.emplace_back(std::istream_iterator<std::string>(words), std::istream_iterator<std::string>());
  }
  return commands;
}

/// The method that a recipe is for: its name begins with the method's.
std::string method_of(const std::string& recipe) {
  const std::string name = recipe.substr(recipe.find('/') + 1);
  std::string longest;
  for (const methods::MethodEntry& method : methods::methods())
    if (name.starts_with(method.name) && longest.size() < std::string(method.name).size()) longest = method.name;
  return longest;
}

/// A recipe's settings for large pictures and networks, made small.
Words made_small(const std::string& method) {
  const char* views = method.starts_with("exemplar") ? "crop_inception_patches(2, 32)" : "inception_crop|resize(32)";
  return {"--dataset",
          "things",
          "--data-option",
          "train=60",
          "--data-option",
          "test=10",
          "--img-size",
          "32",
          "--batch-size",
          "2",
          "--model",
          "resnet18",
          "--width",
          "0.125",
          "--workers",
          "1",
          "--augment",
          std::string(views) + "|flip_lr|hsvnoise|-1_to_1",
          "--preprocess-eval",
          "resize_small(36)|crop(32)|-1_to_1",
          "--num-labels",
          "20",
          "--virtual-replicas",
          "2"};
}

/// TOML without the remarks of `s4l config`, which say where a value comes from.
std::string values_of(const std::string& toml) {
  std::string values;
  std::istringstream lines(toml);
  for (std::string line; std::getline(lines, line);)
    values += line.substr(0, line.find_last_not_of(' ', line.find("  # ") - 1) + 1) + "\n";
  return values;
}

}  // namespace

TEST_CASE("every row of the paper is one command: those of the page run, for a step of each stage") {
  const NewFolder folder;
  const std::string page = io::read_file(std::string(S4L_SOURCE_DIR) + "/docs/methods/README.md");
  const auto rows = quoted_commands(page.substr(0, page.find("- **1 %:**")), "| `s4l ");
  CHECK(rows.size() == 14);
  for (const Words& row : rows) {
    const Words named = std::count(row.begin(), row.end(), "-o") > 0 ? Words{} : Words{"-o", row.at(3)};
    const Words briefly = {"--steps", "1", "--sched", "cosine", "--overwrite"};
    const Outcome outcome = run_s4l(folder.path(), row + made_small(row.at(1)) + briefly + named);
    INFO(row.at(3) << ": " << outcome.err);
    CHECK(outcome.code == 0);
    CHECK(contains(outcome.out, "10 pictures"));
  }
}

TEST_CASE("every ImageNet recipe starts as it is but for the size of network, pictures and batch") {
  const NewFolder folder;
  int recipes = 0;
  for (const methods::Recipe& recipe : methods::recipes()) {
    if (!std::string(recipe.name).starts_with("imagenet/")) continue;
    const std::string method = method_of(recipe.name);
    const Outcome outcome =
        run_s4l(folder.path(), Words{"run", method, "--recipe", recipe.name} + made_small(method) + Words{"--dry-run"});
    INFO(recipe.name << ": " << outcome.err);
    CHECK(outcome.code == 0);
    CHECK(contains(outcome.out, "weight-decay = "));
    ++recipes;
  }
  CHECK(recipes == 23);
}

TEST_CASE("what `s4l config` prints of a recipe, given back, are the same settings of every stage, for every recipe") {
  const NewFolder folder;
  int staged = 0;
  for (const methods::Recipe& recipe : methods::recipes()) {
    const std::string method = method_of(recipe.name);
    INFO(recipe.name);
    const auto printed = [&](const Words& words) {
      const Outcome outcome = run_s4l(folder.path(), Words{"config", method} + words);
      CHECK(outcome.code == 0);
      return values_of(outcome.out);
    };
    const std::string text = printed({"--recipe", recipe.name});
    std::ofstream(folder / "printed.toml") << text;
    CHECK(printed({"--config", "printed.toml"}) == text);
    const std::size_t stages = methods::find_method(method).stages.size();
    const bool all = contains(text, "\n[stage-1]\n");
    CHECK(all == (stages > 1 && !contains(recipe.text, "\nstage = 1\n")));
    for (std::size_t i = 1; i <= stages && all; ++i) {
      const Words alone{"--stage", std::to_string(i)};
      CHECK(printed(Words{"--config", "printed.toml"} + alone) == printed(Words{"--recipe", recipe.name} + alone));
      ++staged;
    }
  }
  CHECK(staged == 2 * 4 + 3 * 4);  // of pseudo-label's recipes and of moam's
}

TEST_CASE("`s4l config` says of a setting that differs between stages what each has, and nothing for all") {
  const NewFolder folder;
  const Words moam{"config", "moam", "--recipe", "imagenet/moam"};
  const std::string text = run_s4l(folder.path(), moam).out, values = values_of(text);
  const std::size_t tables = values.find("\n[stage-1]\n");
  REQUIRE(tables != std::string::npos);
  for (const char* key : {"lr", "sched", "weight-decay"}) {
    CHECK_FALSE(contains(values.substr(0, tables), "\n" + std::string(key) + " = "));
    CHECK(contains(values.substr(tables), "\n" + std::string(key) + " = "));
  }
  CHECK(contains(values, "\n[stage-3]\nlr = 5e-04\nsched = \"0,5,10,15,20\"\n"));
  CHECK(contains(text, "weight-decay = 0.003                      # recipe imagenet/moam:39"));
  const std::string one_rate = values_of(run_s4l(folder.path(), moam + Words{"--lr", "0.3"}).out);
  CHECK(contains(one_rate.substr(0, one_rate.find("\n[stage-1]\n")), "\nlr = 0.3\n"));  // the command line's is for all

  const auto json = io::parse_json(run_s4l(folder.path(), moam + Words{"--json"}).out);
  CHECK(json.at("stage-2").at("sched").at("value").string() == "0,6,12,18");
  CHECK(json.at("stage-3").at("lr").at("from").string() == "recipe imagenet/moam:37");
}

TEST_CASE("a run of all stages from a printed file is the run of the recipe") {
  const NewFolder folder;
  const Words briefly{"--data-option", "train=60", "--data-option", "test=20", "--steps", "1", "--workers", "1"};
  const std::string text = run_s4l(folder.path(), Words{"config", "moam"} + briefly).out;
  std::ofstream(folder / "printed.toml") << text;
  const Outcome printed = run_s4l(folder.path(), {"run", "moam", "--config", "printed.toml", "-o", "printed"});
  const Outcome recipe = run_s4l(folder.path(), Words{"run", "moam", "-o", "recipe"} + briefly);
  INFO(printed.err << recipe.err);
  CHECK(printed.code == 0);
  CHECK(recipe.code == 0);
  for (const char* file : {"config.toml", "1-mix/config.toml", "1-mix/weights/last.safetensors",
                           "2-guesses/weights/last.safetensors", "3-labels/weights/last.safetensors"}) {
    const std::string own = content(folder / (std::string("printed/") + file));
    CHECK_FALSE(own.empty());
    CHECK(own == content(folder / (std::string("recipe/") + file)));
  }
}
