// From the fourth step on training asks the system for nothing.
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/methods/training/trainer.h"
#include "s4l/nn/models/model.h"
#include "s4l/nn/optim/sgd.h"
#include "s4l/tests/data/memory_dataset.h"
#include "s4l/tests/memory/system_requests.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::test;

namespace {

struct Threads {
  explicit Threads(int n) { set_num_threads(n); }
  ~Threads() { set_num_threads(0); }
};

bool skipped() {
  if (!SystemRequests::supported()) WARN("SKIPPED: a sanitizer's malloc cannot be counted");
  return !SystemRequests::supported();
}

/// Runs 3 steps, then 8 with the hooks on.
template <class Take>
void check_steady(const Take& take_step) {
  if (skipped()) return;
  for (int i = 0; i < 3; ++i) take_step();
  const SystemRequests requests;
  for (int i = 0; i < 8; ++i) take_step();
  INFO("the largest: " << requests.largest() << " bytes");
  CHECK(requests.count() == 0);
}

void check_network(const char* name, double width, std::int64_t batch, std::int64_t size) {
  const auto model = nn::make_model(name, {.width = width});
  nn::Sgd sgd(nn::parameters_of(*model), {.weight_decay = 1e-4, .ema_decay = 0.99});
  const Tensor x = random_tensor({batch, size, size, 3}, DType::f32, 1), lr = full({1}, 0.01);
  const Tensor labels = zeros({batch}, DType::i32);
  check_steady([&] {
    sgd.zero_grad();
    backward(cross_entropy(model->forward(x, nn::Mode::train), labels));
    sgd.step(lr);
  });
}

}  // namespace

TEST_CASE("the hooks see what is asked of the system") {
  if (skipped()) return;
  const SystemRequests requests;
  { const std::vector<char> small(4095), large(4096), larger(100000); }
  CHECK(requests.count() == 2);
  CHECK(requests.largest() == 100000);
}

TEST_CASE("a step of WRN-28-2 asks the system for no buffer after the third") {
  for (int threads : {1, 3}) {
    const Threads scope(threads);
    check_network("wrn-28-2", 1, 4, 16);
  }
}

TEST_CASE("a step of a ResNet asks the system for no buffer after the third") {
  const Threads scope(3);
  check_network("resnet18", 0.25, 4, 48);
  check_network("resnet50", 0.25, 3, 48);
}

TEST_CASE("steps of two sizes in turn ask the system for no buffer once both were seen") {
  const Threads scope(3);
  const auto model = nn::make_model("wrn-28-2", {.width = 0.5});
  nn::Sgd sgd(nn::parameters_of(*model), {.weight_decay = 1e-4});
  const Tensor lr = full({1}, 0.01);
  const Tensor pictures[] = {random_tensor({4, 16, 16, 3}, DType::f32, 1),
                             random_tensor({3, 24, 20, 3}, DType::f32, 1)};
  const Tensor labels[] = {zeros({4}, DType::i32), zeros({3}, DType::i32)};
  int turn = 0;
  check_steady([&] {
    turn = 1 - turn;
    sgd.zero_grad();
    backward(cross_entropy(model->forward(pictures[turn], nn::Mode::train), labels[turn]));
    sgd.step(lr);
  });
}

TEST_CASE("a step of rotation with the loader running asks the system for no buffer after the third") {
  const Threads scope(2);
  MemoryDataset dataset(4, {20}, 0);
  for (auto& item : dataset.items) item.size = {32, 32};
  data::Split split;
  for (std::int64_t i = 0; i < dataset.size(); ++i) (i % 4 == 0 ? split.labelled : split.unlabelled).push_back(i);
  const auto model = nn::make_model("resnet-small", {.classes = 4});
  methods::MethodOptions options;
  options.feature_size = model->feature_size();
  const auto method = methods::make_method("rotation", options);
  const std::string pipeline = "pad_crop(4)|flip_lr|-1_to_1|rotate";
  data::LoaderOptions batches;
  batches.labelled = {6, {pipeline}};
  batches.unlabelled = {12, {pipeline}};
  data::Loader loader(dataset, split, batches);
  methods::TrainOptions how;
  how.labelled_tail = data::Pipeline(pipeline).tail();
  how.unlabelled_tails = {how.labelled_tail};
  methods::Trainer trainer(*model, *method, loader, how);
  check_steady([&] { trainer.step(); });
}
