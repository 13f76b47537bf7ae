// Resume is bit-identical to never having stopped: weights, statistics, momentum, averages, log, best on validation.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "s4l/core/io/file.h"
#include "s4l/core/io/safetensors.h"
#include "s4l/methods/training/run.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::methods;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t kSteps = 22;

RunOptions small_run() {
  RunOptions o;
  o.dataset_options = {{"train", "200"}, {"test", "20"}};
  o.labels = "100";  // 20 a class: validation takes part
  o.augment = "pad_crop(2)|flip_lr|-1_to_1";
  o.width = 0.125;  // what is tested is the state, and a sanitizer's build takes the same test
  o.steps = kSteps;
  o.batch_size = 3;
  o.uratio = 1;
  o.ema_decay = 0.9;
  o.log_interval = 4;
  o.eval_interval = 5;
  o.checkpoint_interval = 6;
  o.workers = 2;
  o.prefetch = 4;
  o.virtual_replicas = 3;
  return o;
}

struct Folder {
  fs::path path;
  Folder() {
    char name[] = "/tmp/s4l-resume-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
};

/// Trains in `folder` until `stop_after` steps are done (or the end), as a process of its own would.
RunResult train(const Folder& folder, bool resume, std::int64_t stop_after) {
  Run run(small_run());
  std::int64_t done = 0;
  RunCallbacks callbacks;
  callbacks.on_warning = [](const std::string& text) { FAIL(text); };
  if (resume) done = stop_after;
  callbacks.should_stop = [&] { return !resume && ++done == stop_after; };
  return run.train(folder.path.string(), resume, callbacks);
}

/// Everything but the clock.
void check_same_state(const std::string& a, const std::string& b) {
  const io::TensorFile x = io::load_tensors(a), y = io::load_tensors(b);
  REQUIRE(x.tensors.size() == y.tensors.size());
  for (const auto& [name, value] : x.tensors) {
    INFO(name);
    REQUIRE(y.find(name) != nullptr);
    if (value.dtype() == DType::i64)
      REQUIRE(values_of<std::int64_t>(value) == values_of<std::int64_t>(*y.find(name)));
    else
      REQUIRE(test::doubles(value) == test::doubles(*y.find(name)));
  }
  CHECK(x.metadata.at("best_step") == y.metadata.at("best_step"));
}

}  // namespace

TEST_CASE("a run stopped after any of 20 consecutive steps and resumed ends as if it never had stopped") {
  const Folder whole;
  const RunResult expected = train(whole, false, -1);
  REQUIRE_FALSE(expected.stopped);
  REQUIRE(expected.steps == kSteps);
  REQUIRE(expected.best_on_validation);
  const std::string last = "checkpoints/step-000022.s4l";
  for (std::int64_t stop = 1; stop <= 20; ++stop) {
    INFO("stopped after step " << stop);
    const Folder folder;
    const RunResult first = train(folder, false, stop);
    REQUIRE(first.stopped);
    REQUIRE(first.steps == stop);
    const RunResult second = train(folder, true, 0);
    REQUIRE(second.steps == kSteps);
    check_same_state(folder / last.c_str(), whole / last.c_str());
    for (const char* file :
         {"weights/last.safetensors", "weights/best.safetensors", "metrics.csv", "metrics.jsonl", "eval/summary.json",
          "eval/predictions.csv", "eval/errors.csv", "eval/calibration.csv", "split.csv"}) {
      INFO(file);
      CHECK(io::read_file(folder / file) == io::read_file(whole / file));
    }
    CHECK(second.test.unrotated.top1 == expected.test.unrotated.top1);
  }
}

TEST_CASE("the state of every method that has one resumes bit for bit") {
  for (const char* method : {"mean-teacher", "fixmatch", "flexmatch", "freematch", "rotation-pretrain"}) {
    INFO(method);
    RunOptions options = small_run();
    options.method = method;
    options.steps = 6;
    const Folder whole, parts;
    Run(options).train(whole.path.string(), false, {});
    int steps = 0;
    RunCallbacks stop_after_three;
    stop_after_three.should_stop = [&] { return ++steps == 3; };
    REQUIRE(Run(options).train(parts.path.string(), false, stop_after_three).stopped);
    Run(options).train(parts.path.string(), true, {});
    check_same_state(whole / "checkpoints/step-000006.s4l", parts / "checkpoints/step-000006.s4l");
  }
}

TEST_CASE("a run does not depend on threads, loader workers, prefetch or logging") {
  const Folder a, b;
  RunOptions options = small_run();
  set_num_threads(3);
  Run(options).train(a.path.string(), false, {});
  options.workers = 0;
  options.prefetch = 1;
  options.log_interval = 1;
  set_num_threads(1);
  Run(options).train(b.path.string(), false, {});
  set_num_threads(0);
  CHECK(io::read_file(a / "weights/last.safetensors") == io::read_file(b / "weights/last.safetensors"));
}

TEST_CASE("a checkpoint of another split is refused and says so") {
  const Folder folder;
  train(folder, false, 2);
  RunOptions other = small_run();
  other.seed = 1;
  Run run(other);
  REQUIRE_THROWS_WITH(run.train(folder.path.string(), true, {}), Catch::Contains("split"));
}

TEST_CASE("a run writes its samples and tables, and its weights file suffices to rebuild the model") {
  const Folder folder;
  const RunResult result = train(folder, false, -1);
  CHECK(fs::file_size(folder / "samples/labelled.png") > 1000);
  CHECK(fs::file_size(folder / "samples/network_input.png") > 1000);
  const SavedModel saved = load_model(folder / "weights/best.safetensors");
  CHECK(saved.card.class_names.size() == 10);
  CHECK(saved.card.eval_views == "rotate");
  const Run again(small_run());
  const Evaluation e = evaluate(*saved.model, again.dataset(), again.split().test,
                                data::Pipeline(saved.card.preprocess_eval + "|rotate"), 7, kCpu);
  CHECK(e.unrotated.top1 == result.test.unrotated.top1);
  REQUIRE(e.rot_avg);
  CHECK(e.rot_avg->top1 == result.test.rot_avg->top1);
}
