#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>

#include "../core/new_folder.h"
#include "program.h"
#include "s4l/core/io/json.h"
#include "s4l/core/io/safetensors.h"
#include "s4l/methods/method.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::test;
namespace fs = std::filesystem;

TEST_CASE("pseudo-label trains a teacher, answers for all pictures and learns from the answers, in one command") {
  const NewFolder folder;
  const Outcome run = run_s4l(folder.path(), tiny_run("pseudo-label", 2) + Words{"-o", "run", "--json"});
  INFO(run.err);
  REQUIRE(run.code == 0);
  const auto result = s4l::io::parse_json(run.out);
  CHECK(result.at("labelled").integer() == 60);  // all training pictures, of which 20 had labels
  CHECK(lines_in(content(folder / "run/1-teacher/pseudo_labels.csv")) == 61);
  CHECK(contains(run.err, "stage 1 of 2: teacher"));
  CHECK(contains(content(folder / "run/config.toml"), "[stage-2]"));

  fs::remove(folder / "run/2-guesses/weights/last.safetensors");  // as if it had stopped before its end
  const Outcome resumed = run_s4l(folder.path(), {"run", "--resume", "run", "--json"});
  INFO(resumed.err);
  REQUIRE(resumed.code == 0);
  CHECK(contains(resumed.err, "stage 1 of 2: teacher, finished before"));
  CHECK(s4l::io::parse_json(resumed.out).at("test").dump() == result.at("test").dump());

  const Outcome alone = run_s4l(
      folder.path(), tiny_run("pseudo-label", 2) + Words{"--stage", "2", "--pseudo-labels",
                                                         "run/1-teacher/pseudo_labels.csv", "-o", "alone", "--json"});
  INFO(alone.err);
  REQUIRE(alone.code == 0);
  CHECK(s4l::io::parse_json(alone.out).at("test").dump() == result.at("test").dump());
}

TEST_CASE("moam's three steps start from one another, and each is refused without what it starts from") {
  const NewFolder folder;
  const Outcome run = run_s4l(folder.path(), tiny_run("moam", 1) + Words{"-o", "run", "--vat-eps", "1"});
  INFO(run.err);
  REQUIRE(run.code == 0);
  for (const char* stage : {"1-mix", "2-guesses", "3-labels"})
    CHECK(fs::exists(folder / (std::string("run/") + stage + "/eval/summary.json")));
  CHECK(contains(content(folder / "run/3-labels/config.toml"), "2-guesses/weights/"));

  const Outcome no_guesses =
      run_s4l(folder.path(), tiny_run("moam", 1) + Words{"--stage", "2", "--pretrained", "run/1-mix"});
  CHECK(no_guesses.code == 2);
  CHECK(contains(no_guesses.err, "--pseudo-labels: expected the guesses"));
  const Outcome no_weights = run_s4l(folder.path(), tiny_run("moam", 1) + Words{"--stage", "3"});
  CHECK(no_weights.code == 2);
  CHECK(contains(no_weights.err, "--stage 3: expected the weights of the stage before in --pretrained"));
}

TEST_CASE("method options out of range, unknown words and stages are one line") {
  const NewFolder folder;
  const auto refused = [&](const std::string& method, const Words& words, const std::string& expected) {
    const Outcome outcome = run_s4l(folder.path(), tiny_run(method, 1) + words + Words{"-o", "run"});
    INFO(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(contains(outcome.err, expected));
    CHECK(lines_in(outcome.err) == 1);
    CHECK_FALSE(fs::exists(folder / "run"));
  };
  refused("vat", {"--vat-iters", "0"}, "--vat-iters: expected a whole number, 1 to 100, got 0");
  refused("vat", {"--vat-direction", "exact"}, "--vat-direction: expected one of scaled, literal, got \"exact\"");
  refused("moam", {"--sup-weight", "0.95"}, "--sup-weight, --vat-weight: expected a sum of at most 1, got 1.05");
  refused("vat", {"--virtual-replicas", "3"}, "--virtual-replicas: expected a divisor of the 4 pictures");
  refused("vat", {"--stage", "2"}, "--stage: expected 0 or 1, as vat has one stage, got 2");
  refused("vat", {"--stage", "-1"}, "--stage: expected 0 or 1, as vat has one stage, got -1");
  refused("pseudo-label", {"--stage", "3"}, "--stage: expected 1 to 2, or 0: one after another, got 3");
  refused("rotation", {"--rot-weight", "-1"}, "--rot-weight: expected a number, 0 or more, got -1");
  refused("fixmatch", {"--threshold", "1.5"}, "--threshold: expected a number, 0 to 1, got 1.5");
  refused("moam", {"--virtual-replicas", "3"}, "--virtual-replicas: expected a divisor of the 4 pictures");
  refused("exemplar-pretrain", {"--uratio", "1.5", "--virtual-replicas", "4"}, "of the 6 pictures of a stream, got 4");

  REQUIRE(run_s4l(folder.path(), tiny_run("rotation-pretrain", 1) + Words{"-o", "small"}).code == 0);
  refused("supervised", {"--pretrained", "small", "--model", "wrn-28-2"},
          "small/weights/last.safetensors is of another network: ");
  refused("moam", {"--stage", "3", "--pretrained", "small", "--width", "2"}, "--width: expected 1 as ");
}

TEST_CASE("what is wrong with a later stage is told before the first begins, and a table of no stage is refused") {
  const NewFolder folder;
  const auto refused = [&](const std::string& method, const std::string& toml, const std::string& expected) {
    std::ofstream(folder / "my.toml") << toml;
    const Outcome outcome = run_s4l(folder.path(), tiny_run(method, 1) + Words{"--config", "my.toml", "-o", "run"});
    INFO(toml << outcome.err);
    CHECK(outcome.code == 2);
    CHECK(outcome.err == "s4l: error: " + expected + "\n");
    CHECK_FALSE(fs::exists(folder / "run"));
  };
  refused("moam", "[stage-3]\nlr = -1\n", "--lr: expected 0 or more, got -1");
  refused("moam", "[stage-2]\nvat-eps = -1\n", "--vat-eps: expected a number, 0 or more, got -1");
  refused("moam", "[stage-3]\nvirtual-replicas = 3\n",
          "--virtual-replicas: expected a divisor of the 4 pictures of a stream, got 3");
  refused("pseudo-label", "[stage-2]\nsched = \"5,4\"\n",
          "--sched: expected cosine or a list of epochs; schedule: expected epochs that do not decrease, got 4 after 5 "
          "in \"5,4\"");
  refused("pseudo-label", "[stage-2]\nweight-decai = 3\n",
          "my.toml:2: unknown key \"weight-decai\"; did you mean weight-decay?");
  refused("pseudo-label", "[stage-3]\nlr = 1\n",
          "my.toml:2: lr: [stage-3]: expected one of the 2 stages of pseudo-label");
  refused("supervised", "[stage-2]\nlr = 1\n",
          "my.toml:2: lr: [stage-2]: expected no such table, as supervised has one stage");
}

TEST_CASE("the released program's flags are other names of the options") {
  const NewFolder folder;
  const Outcome outcome =
      run_s4l(folder.path(), tiny_run("vat-entmin", 1) + Words{"--entmin_factor", "0.3", "--vat_num_power_method_iters",
                                                               "2", "--apply_vat_to_labeled", "0", "--dry-run"});
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  for (const char* line :
       {"\nentmin-weight = 0.3\n", "\nvat-iters = 2\n", "\nvat-labelled = 0\n", "\nvat-direction = \"scaled\"\n"})
    CHECK(contains(outcome.out, line));
}

TEST_CASE("every method refuses a batch that its virtual replicas do not divide, and weights of another network") {
  const NewFolder folder;
  REQUIRE(run_s4l(folder.path(), tiny_run("rotation-pretrain", 1) + Words{"-o", "small"}).code == 0);
  for (const methods::MethodEntry& method : methods::methods()) {
    const auto told = [&](const Words& words) {
      const Outcome outcome = run_s4l(folder.path(), tiny_run(method.name, 1) + words + Words{"-o", "run"});
      CHECK(outcome.code == 2);
      CHECK(lines_in(outcome.err) == 1);
      CHECK_FALSE(fs::exists(folder / "run"));
      return outcome.err;
    };
    INFO(method.name);
    CHECK(told({"--virtual-replicas", "3"}) ==
          "s4l: error: --virtual-replicas: expected a divisor of the 4 pictures of a stream, got 3\n");
    CHECK(contains(told({"--pretrained", "small", "--model", "wrn-28-2", "--virtual-replicas", "1"}),
                   "small/weights/last.safetensors is of another network: stages.0.blocks.1.norm1.weight: expected "));
  }
}

TEST_CASE("a loss that is not finite stops every method in its step and names the op") {
  const NewFolder folder;
  for (const methods::MethodEntry& method : methods::methods()) {
    const std::string name = method.name, run = folder / name;
    const Outcome outcome = run_s4l(
        folder.path(), tiny_run(name, 20) + Words{"--lr", "1e30", "--warmup-steps", "0", "--virtual-replicas", "1",
                                                  "--log-interval", "20", "--checkpoint-interval", "20", "-o", name});
    const std::string last = run + (method.stages.empty() ? "" : std::string("/1-") + method.stages[0].name);
    INFO(name << ": " << outcome.err);
    CHECK(outcome.code == 1);
    CHECK(contains(outcome.err, name.starts_with("exemplar") ? "error: step 2: " : "error: step 3: "));
    CHECK(contains(outcome.err, ": train/loss: expected a finite number, got "));
    CHECK(contains(outcome.err, "first from "));
    CHECK_FALSE(fs::exists(last + "/checkpoints/last.s4l"));
    CHECK_FALSE(fs::exists(last + "/weights/last.safetensors"));
  }
}

TEST_CASE(
    "a state that is not finite is never saved: the last good checkpoint stays, and a resumed run says the same") {
  const NewFolder folder;
  for (const methods::MethodEntry& method : methods::methods()) {
    const std::string name = method.name;
    const Outcome outcome =
        run_s4l(folder.path(), tiny_run(name, 20) + Words{"--lr", "1e30", "--warmup-steps", "0", "--virtual-replicas",
                                                          "1", "--checkpoint-interval", "1", "-o", name});
    const std::string own = method.stages.empty() ? name : name + "/1-" + method.stages[0].name;
    INFO(name << ": " << outcome.err);
    CHECK(outcome.code == 1);
    CHECK(contains(outcome.err, "error: step 2: "));
    if (!name.starts_with("exemplar")) CHECK(contains(outcome.err, ": expected finite numbers to save, got "));
    CHECK(fs::read_symlink(folder / (own + "/checkpoints/last.s4l")) == "step-000001.s4l");
    for (const auto& [tensor, value] : io::load_tensors(folder / (own + "/checkpoints/last.s4l")).tensors) {
      INFO(tensor);
      if (value.dtype() == DType::i64) continue;
      const auto numbers = doubles(value);
      CHECK(std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); }));
    }
    CHECK_FALSE(fs::exists(folder / (own + "/checkpoints/step-000002.s4l")));
  }
  const Outcome again = run_s4l(folder.path(), {"run", "--resume", "rotation"});
  CHECK(again.code == 1);
  CHECK(contains(again.err, "error: step 2: "));
}

TEST_CASE("a loss that is not finite in a later stage leaves the stages before, and a resumed run meets it again") {
  const NewFolder folder;
  std::ofstream(folder / "my.toml") << "[stage-2]\nlr = 1e30\nwarmup-steps = 0\ncheckpoint-interval = 1\n";
  const Outcome first = run_s4l(folder.path(), tiny_run("moam", 5) + Words{"--config", "my.toml", "-o", "run"});
  INFO(first.err);
  CHECK(first.code == 1);
  CHECK(contains(first.err, "expected a finite number, got "));
  CHECK(fs::exists(folder / "run/1-mix/weights/last.safetensors"));
  CHECK(fs::exists(folder / "run/2-guesses/checkpoints/last.s4l"));
  CHECK_FALSE(fs::exists(folder / "run/3-labels"));
  const Outcome again = run_s4l(folder.path(), {"run", "--resume", "run"});
  CHECK(again.code == 1);
  CHECK(contains(again.err, "stage 1 of 3: mix, finished before"));
}
