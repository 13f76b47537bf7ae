// The rows of the paper's tables: docs/methods/README.md, and the recipes that its commands name.
#include <algorithm>
#include <catch2/catch.hpp>
#include <iterator>
#include <sstream>

#include "../core/new_folder.h"
#include "program.h"
#include "s4l/core/io/file.h"
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
