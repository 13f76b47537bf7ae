#include <catch2/catch.hpp>
#include <filesystem>

#include "s4l/tests/apps/program.h"
#include "s4l/tests/core/new_folder.h"

using namespace s4l::test;
namespace fs = std::filesystem;

namespace {

/// tiny_run()'s settings for several methods.
Words tiny_compare(const Words& methods, int steps, const Words& more) {
  const Words settings = tiny_run("", steps);
  return Words{"compare"} + methods + Words(settings.begin() + 2, settings.end()) + more + Words{"-o", "c", "-q"};
}

}  // namespace

TEST_CASE("compare trains every method on every seed's labels, in real run folders, and pairs them") {
  const NewFolder folder;
  const Words methods = {"rotation", "supervised"};
  const Outcome outcome = run_s4l(folder.path(), tiny_compare(methods, 2, {"--seeds", "1-2"}));
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.out, "| rotation | 2 | "));
  CHECK(contains(outcome.out, "against supervised"));
  CHECK(content(folder / "c/table.md") == outcome.out);
  CHECK(lines_in(content(folder / "c/runs.csv")) == 5);
  CHECK(lines_in(content(folder / "c/pairs.csv")) == 2);
  CHECK(content(folder / "c/rotation-s1/split.csv") == content(folder / "c/supervised-s1/split.csv"));
  CHECK(content(folder / "c/rotation-s1/split.csv") != content(folder / "c/rotation-s2/split.csv"));

  const Words alone = tiny_run("rotation", 2) + Words{"--seed", "2", "-o", "alone"};
  REQUIRE(run_s4l(folder.path(), alone).code == 0);
  CHECK(content(folder / "alone/weights/last.safetensors") ==
        content(folder / "c/rotation-s2/weights/last.safetensors"));

  const auto written = fs::last_write_time(folder / "c/rotation-s1/result.json");
  CHECK(run_s4l(folder.path(), tiny_compare(methods, 2, {"--seeds", "1-2"})).out == outcome.out);
  CHECK(fs::last_write_time(folder / "c/rotation-s1/result.json") == written);
}

TEST_CASE("shards of a comparison add up, and say what is missing") {
  const NewFolder folder;
  const Words methods = {"rotation", "supervised"};
  const Outcome first = run_s4l(folder.path(), tiny_compare(methods, 1, {"--seeds", "2", "--only", "supervised"}));
  REQUIRE(first.code == 0);
  CHECK(contains(first.out, "Not finished yet: 2 rotation."));
  CHECK_FALSE(fs::exists(folder / "c/rotation-s0"));
  REQUIRE(run_s4l(folder.path(), tiny_compare(methods, 1, {"--seeds", "0-0", "--only", "rotation"})).code == 0);
  const Outcome last = run_s4l(folder.path(), tiny_compare(methods, 1, {"--seeds", "2"}));
  CHECK_FALSE(contains(last.out, "Not finished"));
}

TEST_CASE("a comparison that was stopped goes on within the run where it stopped") {
  const NewFolder folder;
  const Words words = tiny_compare({"rotation", "supervised"}, 3, {"--seeds", "1"});
  REQUIRE(run_s4l(folder.path(), words + Words{"--time", "0.001s"}).code == 75);
  CHECK(fs::exists(folder / "c/rotation-s0/checkpoints/last.s4l"));
  CHECK_FALSE(fs::exists(folder / "c/rotation-s0/result.json"));
  const Outcome rest = run_s4l(folder.path(), words);
  CHECK(rest.code == 0);
  CHECK(contains(rest.out, "| rotation | 1 | "));
  CHECK(contains(content(folder / "c/rotation-s0/train.log"), "continuing"));
}

TEST_CASE("a run that diverges stands in the table as failed, and the others go on") {
  const NewFolder folder;
  const Words words =
      tiny_compare({"supervised", "rotation"}, 2, {"--seeds", "2", "--rot-weight", "3e38", "--threads", "1"});
  const Outcome outcome = run_s4l(folder.path(), words);
  INFO(outcome.err);
  CHECK(outcome.code == 1);
  CHECK(lines_in(outcome.err) == 2);
  for (const char* seed : {"0", "1"})
    CHECK(contains(outcome.err, "warning: rotation with seed " + std::string(seed) + " failed: "));
  CHECK(contains(outcome.out, "| supervised | 2 | "));
  CHECK(contains(outcome.out, "| rotation | 0 (2 failed) | failed | | | |\n"));
  CHECK_FALSE(contains(outcome.out, "Not finished"));
  CHECK(lines_in(content(folder / "c/runs.csv")) == 3);
  CHECK(lines_in(content(folder / "c/pairs.csv")) == 1);
  CHECK(contains(content(folder / "c/rotation-s0/train.log"), "failed: "));

  const Outcome again = run_s4l(folder.path(), words + Words{"--only", "rotation"});
  CHECK(again.code == 1);
  CHECK(again.err == outcome.err);
  CHECK(again.out == outcome.out);
}

TEST_CASE("the stages of a method share the steps of the comparison as its recipe does") {
  const NewFolder folder;
  const Words words = tiny_compare({"supervised", "pseudo-label"}, 4, {"--seeds", "1"});
  const Outcome outcome = run_s4l(folder.path(), words);
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.out, " | 2 + 2 | "));
  CHECK(contains(content(folder / "c/runs.csv"), "\nsupervised,0,"));
  CHECK(contains(content(folder / "c/pairs.csv"), "a,b,pairs,"));

  REQUIRE(run_s4l(folder.path(), tiny_run("pseudo-label", 2) + Words{"-o", "alone"}).code == 0);
  const std::string weights = content(folder / "alone/2-guesses/weights/last.safetensors");
  CHECK(content(folder / "c/pseudo-label-s0/2-guesses/weights/last.safetensors") == weights);

  int calls = 0;
  const Words in_pieces = words + Words{"-o", "d", "--only", "pseudo-label", "--time", "0.001s"};
  while (calls < 9 && run_s4l(folder.path(), in_pieces).code == 75) ++calls;
  CHECK(calls >= 2);
  CHECK(calls < 9);
  CHECK(content(folder / "d/pseudo-label-s0/2-guesses/weights/last.safetensors") == weights);
}

TEST_CASE("equal time is settled once: the steps of the first time count") {
  const NewFolder folder;
  const Words words = tiny_compare({"rotation", "supervised", "pseudo-label"}, 2, {"--seeds", "1", "--equal", "time"});
  REQUIRE(run_s4l(folder.path(), words).code == 0);
  const std::string settled = content(folder / "c/supervised.toml");
  const std::string stages = content(folder / "c/pseudo-label.toml");
  REQUIRE(run_s4l(folder.path(), words).code == 0);
  CHECK(content(folder / "c/supervised.toml") == settled);
  CHECK(content(folder / "c/pseudo-label.toml") == stages);
  CHECK(contains(content(folder / "c/rotation.toml"), "steps = 2\n"));
}

TEST_CASE("compare's dry run tells the time of every method and writes nothing") {
  const NewFolder folder;
  const Outcome outcome = run_s4l(folder.path(), tiny_compare({"rotation", "moam"}, 11, {"--seeds", "3", "--dry-run"}));
  REQUIRE(outcome.code == 0);
  CHECK(contains(outcome.out, "  5 + 5 + 1  "));
  CHECK(contains(outcome.out, "all together"));
  CHECK_FALSE(fs::exists(folder / "c"));
}

TEST_CASE("compare refuses in one line what would not be a comparison") {
  const NewFolder folder;
  const auto refused = [&](const Words& words, const std::string& expected) {
    const Outcome outcome = run_s4l(folder.path(), Words{"compare"} + words);
    INFO(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(lines_in(outcome.err) == 1);
    CHECK(contains(outcome.err, expected));
  };
  refused({"rotation"}, "two or more");
  refused({"rotation", "rotation"}, "once");
  refused({"rotation", "supervisd"}, "did you mean supervised?");
  refused({"rotation", "supervised", "--seeds", "3-1"}, "A-B");
  refused({"rotation", "supervised", "--only", "fixmatch"}, "--only");
  refused({"rotation", "supervised", "--threshold", "0.5"}, "--threshold");
  refused({"rotation", "supervised", "--equal", "luck"}, "steps or time");
  refused({"supervised", "moam", "--steps", "2"}, "1 step or more for each of the 3 stages of moam");

  REQUIRE(run_s4l(folder.path(), tiny_compare({"rotation", "supervised"}, 1, {"--seeds", "1"})).code == 0);
  const Outcome other =
      run_s4l(folder.path(), tiny_compare({"rotation", "supervised"}, 1, {"--seeds", "1", "--lr", "0.7"}));
  CHECK(other.code == 2);
  CHECK(contains(other.err, "lr = 0.7"));
}
