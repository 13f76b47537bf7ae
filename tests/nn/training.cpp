#include <catch2/catch.hpp>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/nn/models/model.h"
#include "s4l/nn/optim/sgd.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::nn;
using namespace s4l::test;

namespace {

/// Losses of a small network that learns twelve pictures of noise by heart.
std::vector<double> losses_of_training(int steps) {
  const auto model = make_model("resnet-small", {.classes = 3, .width = 0.5, .seed = 1});
  Sgd sgd(parameters_of(*model), {.momentum = 0.9, .weight_decay = 1e-4});
  const Tensor x = random_tensor({12, 12, 12, 3}, DType::f32, 2), lr = full({1}, 0.05);
  const Tensor labels = from_values(std::vector<std::int32_t>{0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2}, {12});
  std::vector<double> losses;
  for (int step = 0; step < steps; ++step) {
    sgd.zero_grad();
    const Tensor loss = cross_entropy(model->forward(x, Mode::train), labels);
    losses.push_back(item(loss));
    backward(loss);
    sgd.step(lr);
  }
  return losses;
}

}  // namespace

TEST_CASE("a network learns a few pictures by heart, with the same losses every time") {
  const auto losses = losses_of_training(25);
  REQUIRE(losses.front() > 0.5);
  REQUIRE(losses.back() < 0.05);
  REQUIRE(losses_of_training(25) == losses);
}
