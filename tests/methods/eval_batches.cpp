#include "s4l/methods/training/eval_batches.h"

#include <catch2/catch.hpp>
#include <new>
#include <utility>
#include <vector>

#include "s4l/core/error.h"
#include "s4l/core/tensor.h"
#include "s4l/core/autograd.h"
#include "s4l/nn/models/model.h"
#include "s4l/core/ops/view.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::test;
using methods::for_eval_batches;

namespace {

using Parts = std::vector<std::pair<std::int64_t, std::int64_t>>;

/// The parts that get done where there is memory for `most` pictures.
Parts parts_of(std::int64_t count, std::int64_t batch, std::int64_t most) {
  Parts parts;
  for_eval_batches(count, batch, [&](std::int64_t begin, std::int64_t end) {
    if (end - begin > 2 * most) throw std::bad_alloc();
    if (end - begin > most) fail(ErrorKind::memory, "full");
    parts.emplace_back(begin, end);
  });
  return parts;
}

}  // namespace

TEST_CASE("batches are halved where memory ends, and stay so, each picture once and in order") {
  CHECK(parts_of(10, 4, 4) == Parts{{0, 4}, {4, 8}, {8, 10}});
  CHECK(parts_of(250, 100, 50) == Parts{{0, 50}, {50, 100}, {100, 150}, {150, 200}, {200, 225}, {225, 250}});
  CHECK(parts_of(330, 200, 60) ==
        Parts{{0, 50}, {50, 100}, {100, 150}, {150, 200}, {200, 232}, {232, 265}, {265, 297}, {297, 330}});
  CHECK(parts_of(0, 4, 4).empty());
}

TEST_CASE("parts so small that numbers would change are an error that names the batch that fits") {
  CHECK_THROWS_WITH(parts_of(100, 100, 20),
                    Catch::Contains("for 25 pictures") && Catch::Contains("--eval-batch 12 fits"));
  CHECK_THROWS_WITH(parts_of(30, 100, 0), Catch::EndsWith("no smaller --eval-batch fits"));
  CHECK_THROWS_WITH(for_eval_batches(9, 9, [](std::int64_t, std::int64_t) { check(false, "another error"); }),
                    "another error");
}

TEST_CASE("a picture's logits have the same bits in every batch of 24 or more") {
  const NoGrad no_grad;
  for (const auto& [name, size] :
       {std::pair("resnet-small", 24), std::pair("wrn-28-2", 32), std::pair("resnet18", 32)}) {
    INFO(name);
    const auto model = nn::make_model(name, {.width = 0.5, .zero_heads = false});
    const Tensor x = random_tensor({100, size, size, 3}, DType::f32, 1);
    const auto whole = values_of<float>(model->forward(x, nn::Mode::eval));
    for (const std::int64_t n : {24, 25, 33, 50}) {
      const auto part = values_of<float>(model->forward(rows(x, 0, n), nn::Mode::eval));
      CHECK(part == std::vector<float>(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(part.size())));
    }
  }
}
