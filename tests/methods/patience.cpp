// --patience: training ends when validation no longer gets better.
#include <catch2/catch.hpp>

#include "../core/new_folder.h"
#include "s4l/core/io/file.h"
#include "s4l/methods/training/run.h"

using namespace s4l;
using namespace s4l::methods;

namespace {

/// With a learning rate of 0 and fixed statistics the first validation is the best one.
RunOptions standstill() {
  RunOptions o;
  o.method = "supervised";
  o.dataset_options = {{"train", "200"}, {"test", "20"}};
  o.labels = "100";
  o.width = 0.125;
  o.steps = 40;
  o.batch_size = 3;
  o.lr = 0;
  o.bn_momentum = 0.999999999;
  o.eval_interval = 2;
  o.patience = 3;
  o.workers = 1;
  return o;
}

}  // namespace

TEST_CASE("training ends after so many validations without a better one, stopped and resumed or not") {
  const test::NewFolder whole, parts;
  const RunResult result = Run(standstill()).train(whole.path(), false, {});
  const std::int64_t best = result.reported_step;
  CHECK(result.steps == best + 3 * 2);
  CHECK(result.steps < 40);
  CHECK_FALSE(result.stopped);
  CHECK(result.test.unrotated.n == 20);

  RunCallbacks callbacks;
  std::int64_t done = 0;
  callbacks.should_stop = [&] { return ++done == best + 3; };
  CHECK(Run(standstill()).train(parts.path(), false, callbacks).stopped);
  const RunResult resumed = Run(standstill()).train(parts.path(), true, {});
  CHECK(resumed.steps == result.steps);
  CHECK(io::read_file(parts / "metrics.csv") == io::read_file(whole / "metrics.csv"));
  // Once more: the run is at its end and is only tested again.
  CHECK(Run(standstill()).train(parts.path(), true, {}).steps == result.steps);
}

TEST_CASE("patience needs validation pictures") {
  RunOptions options = standstill();
  options.labels = "20n";
  CHECK_THROWS_WITH(Run(options), Catch::Contains("--patience: expected validation pictures"));
}
