// How pictures of several sizes are fitted, and what is said of pipelines that do not fit them.
#include "s4l/methods/training/run_pictures.h"

#include <catch2/catch.hpp>

#include "../data/memory_dataset.h"

using namespace s4l;
using namespace s4l::methods;
using Catch::Contains;

namespace {

RunOptions filled_in(const data::Dataset& dataset) {
  RunOptions options;
  options.model = "resnet-small";
  fill_in_pictures(dataset, options);
  return options;
}

void check_both(const data::Dataset& dataset, const RunOptions& options) {
  check_one_size(dataset, data::Pipeline(data::with_operations(options.augment, "rotate")), true, "--augment");
  check_one_size(dataset, data::Pipeline(options.preprocess_eval), false, "--preprocess-eval");
}

}  // namespace

TEST_CASE("a few pictures of other sizes do not change the network's, and are fitted") {
  test::MemoryDataset dataset(2, {50}, 0);
  for (auto& item : dataset.items) item.size = {32, 32};
  CHECK(filled_in(dataset).augment == "pad_crop(4)|flip_lr|-1_to_1");
  dataset.items[3].size = {40, 90};
  dataset.items[4].size = {20, 18};
  const RunOptions options = filled_in(dataset);
  CHECK(options.img_size == 32);
  CHECK(options.augment == "resize_small(32)|central_crop(32)|pad_crop(4)|flip_lr|-1_to_1");
  CHECK(options.preprocess_eval == "resize_small(32)|central_crop(32)|-1_to_1");
  CHECK_NOTHROW(check_both(dataset, options));
  for (int i = 0; i < 20; ++i) dataset.items[static_cast<std::size_t>(i)].size = {40, 90};
  CHECK(filled_in(dataset).img_size == 64);
  CHECK_NOTHROW(check_both(dataset, filled_in(dataset)));
}

TEST_CASE("a pipeline that makes pictures of several sizes or turns rectangles is refused with the way out") {
  test::MemoryDataset dataset(2, {4}, 0);
  dataset.items[2].size = {6, 12};
  dataset.items[5].size = {9, 4};
  CHECK_THROWS_WITH(
      check_one_size(dataset, data::Pipeline("flip_lr|-1_to_1"), true, "--augment"),
      "--augment \"flip_lr|-1_to_1\": expected pictures of one size, got 6x12 from \"pictures/2.png\" and "
      "9x4 from \"pictures/5.png\"; begin with resize_small(N)|crop(N) or resize(N)");
  CHECK_THROWS_WITH(check_one_size(dataset, data::Pipeline("resize(8, 9)|-1_to_1|rotate"), true, "--augment"),
                    Contains("expected square pictures to rotate, got 8x9"));
  CHECK_NOTHROW(check_one_size(dataset, data::Pipeline("resize(8, 9)|-1_to_1"), true, "--augment"));
  dataset.undecodable = {2};
  CHECK_NOTHROW(check_one_size(dataset, data::Pipeline("flip_lr|-1_to_1"), true, "--augment"));
}
