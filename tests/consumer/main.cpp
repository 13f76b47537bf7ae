// Two steps of training through the library alone, and the model used on a picture.
#include <s4l/core/autograd.h>
#include <s4l/core/ops/softmax_entropy.h>
#include <s4l/core/ops/unary.h>
#include <s4l/core/rng.h>
#include <s4l/nn/models/model.h>
#include <s4l/nn/optim/sgd.h>
#include <s4l/nn/walk.h>

#include <cmath>
#include <cstdio>
#include <memory>
#include <vector>

int main() {
  s4l::nn::ModelOptions options;
  options.classes = 3;
  const auto model = s4l::nn::make_model("resnet-small", options);
  s4l::nn::Sgd sgd(s4l::nn::parameters_of(*model), {.momentum = 0.9, .weight_decay = 1e-4});

  s4l::Rng rng(1, s4l::Purpose::test);
  std::vector<float> pixels(6 * 24 * 24 * 3);
  for (float& pixel : pixels) pixel = rng.uniform(-1, 1);
  const s4l::Tensor x = s4l::from_values(pixels, {6, 24, 24, 3});
  const s4l::Tensor labels = s4l::from_values(std::vector<std::int32_t>{0, 1, 2, 0, 1, 2}, {6});
  const s4l::Tensor lr = s4l::full({1}, 0.05);

  double first = 0, loss = 0;
  for (int step = 0; step < 2; ++step) {
    sgd.zero_grad();
    const s4l::Tensor mean = s4l::cross_entropy(model->forward(x, s4l::nn::Mode::train), labels);
    s4l::backward(mean);
    sgd.step(lr);
    loss = s4l::item(mean);
    if (step == 0) first = loss;
  }
  const s4l::Tensor logits = model->forward(x, s4l::nn::Mode::eval);
  std::printf("loss %.4f, then %.4f; logits of %lld pictures\n", first, loss,
              static_cast<long long>(logits.shape()[0]));
  return std::isfinite(loss) && loss < first ? 0 : 1;
}
