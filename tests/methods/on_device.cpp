// Training on every device: the CPU's losses, whether the step is taken as it stands or replayed, and what it launches.
#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "s4l/core/device/choices.h"
#include "s4l/core/kernel.h"
#include "s4l/core/launch_observer.h"
#include "s4l/methods/training/probe.h"
#include "s4l/methods/training/run_setup.h"
#include "s4l/nn/models/model.h"
#include "s4l/nn/walk.h"
#include "s4l/tests/support/near.h"
#include "small_training.h"
#ifdef S4L_EMULATED
#include "s4l/kernels/emulated/device_memory.h"
#include "s4l/kernels/emulated/library_call.h"
#include "s4l/kernels/emulated/streams.h"
#endif

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

namespace {

std::map<std::string, int> launches;

/// An op that the device computes, by kernels of its own or by a library.
void count_op(const char* op, const Tensor& first) {
  if (first.device() != kCpu) ++launches[op];
}

/// "kernel sum_of_two" of S4L_KNS::sum_of_two<lanes.count, T>.
void count_kernel(const char* kernel) {
  std::string name(kernel);
  name.erase(std::min(name.find('<'), name.size()));
  name.erase(0, name.find_last_of(":(") + 1);
  ++launches["kernel " + name];
}

void observe_launches(bool on) {
  kernel_observer = on ? count_op : nullptr;
  launch_observer = on ? count_kernel : nullptr;
}

std::string launches_as(const std::string& name) {
  std::string text;
  for (const auto& [kernel, count] : launches) text += name + " " + kernel + " " + std::to_string(count) + "\n";
  return text;
}

/// "rotation add 12" for every op and "rotation kernel sum_of_two 12" for every kernel of the third step.
std::string launches_of_a_step(const std::string& name, const std::string& method, Device device,
                               const SmallTrainingOptions& options = {}) {
  SmallTraining training(method, device, options);
  training.train(2);
  launches.clear();
  observe_launches(true);
  training.trainer->step();
  observe_launches(false);
  return launches_as(name);
}

/// Of one evaluation of the linear probe's loss and gradient: how many the search takes is rounding's.
std::string launches_of_a_probe(Device device) {
  const auto model = nn::make_model("resnet-small", {.classes = 3, .width = 0.125});
  nn::move_to(*model, device);
  const Tensor features = to(random_tensor({12, model->feature_size()}, DType::f32, 1), device);
  std::vector<std::int32_t> labels;
  for (int i = 0; i < 12; ++i) labels.push_back(i % 3);
  launches.clear();
  observe_launches(true);
  fit_linear_head(*model, {features, from_values(labels, {12}, device)});
  observe_launches(false);
  const int evaluations = launches["softmax_entropy"];
  CHECK(evaluations > 1);
  for (auto& [kernel, count] : launches) {
    INFO(kernel);
    CHECK(count % evaluations == 0);
    count /= evaluations;
  }
  return launches_as("linear-probe");
}

}  // namespace

TEST_CASE("every device trains as the CPU does: the losses of five steps are the same within 1e-5") {
  for (const Device& device : devices())
    for (const NamedTraining& training : all_trainings()) {
      if (device == kCpu) continue;
      DYNAMIC_SECTION(training.name << " on " << to_text(device)) {
        const SmallTrainingOptions options{.stage = training.stage};
        const auto expected = SmallTraining(training.method, kCpu, options).train(5),
                   got = SmallTraining(training.method, device, options).train(5);
        for (std::size_t step = 0; step < expected.size(); ++step) {
          INFO("step " << step + 1 << ": expected " << expected[step][0] << ", got " << got[step][0]);
          CHECK(std::abs(got[step][0] - expected[step][0]) <= 1e-5 * std::abs(expected[step][0]));
        }
      }
    }
}

TEST_CASE("steps that are recorded once and replayed give the bits of steps taken one by one") {
  for (const Device& device : devices())
    for (const NamedTraining& training : all_trainings()) {
      DYNAMIC_SECTION(training.name << " on " << to_text(device)) {
        SmallTraining eager(training.method, device, {.stage = training.stage}),
            replayed(training.method, device, {.capture = true, .stage = training.stage});
        CHECK(eager.train(6) == replayed.train(6));
        const io::TensorFile a = eager.trainer->state(), b = replayed.trainer->state();
        REQUIRE(a.tensors.size() == b.tensors.size());
        for (std::size_t i = 0; i < a.tensors.size(); ++i) {
          INFO(a.tensors[i].first);
          if (a.tensors[i].second.dtype() == DType::f32)
            CHECK(values_of<float>(a.tensors[i].second) == values_of<float>(b.tensors[i].second));
        }
      }
    }
}

TEST_CASE("a replayed step reads everything that the batch holds: exact pictures, weighted labels, noise, ranges") {
  for (const Device& device : devices())
    for (const char* augment : {"exact|flip_lr|-1_to_1", "hsvnoise|flip_lr|-1_to_1", "flip_lr|standardize"}) {
      INFO(augment << " on " << to_text(device));
      const std::vector<float> weights{0.5f, 1, 2};
      CHECK(SmallTraining("rotation", device, {false, augment, weights}).train(6) ==
            SmallTraining("rotation", device, {true, augment, weights}).train(6));
    }
}

TEST_CASE("a step launches the kernels that tests/golden/launches.txt lists") {
  for (const Device& device : devices()) {
    if (device == kCpu) continue;
    std::ifstream file(S4L_SOURCE_DIR "/tests/golden/launches.txt");
    std::ostringstream expected;
    expected << file.rdbuf();
    std::string got;
    for (const NamedTraining& training : all_trainings())
      got += launches_of_a_step(training.name, training.method, device, {.stage = training.stage});
    got += launches_of_a_step("rotation-in-f16", "rotation", device, {.computed_in = DType::f16});
    got += launches_of_a_step("wrn-28-2", "supervised", device, {.model = "wrn-28-2"});
    got += launches_of_a_probe(device);
    CHECK(got == expected.str());
  }
}

TEST_CASE("a checkpoint holds what a device chose by timing, for a run that is resumed from it") {
  const std::string problem = "library of a test: problem";
  note_choice(problem, "plan 7");
  SmallTraining stopped("supervised", kCpu), resumed("supervised", kCpu);
  const io::TensorFile state = stopped.trainer->state();
  CHECK_FALSE(taken_over_choice(problem));
  resumed.trainer->restore(state);
  CHECK(taken_over_choice(problem) == "plan 7");
}

#ifdef S4L_EMULATED
TEST_CASE("where the device's memory ends, in a step or while it is recorded, the error names a batch that fits") {
  for (const int steps : {0, 2}) {
    SmallTraining training("rotation", devices().back(), {.capture = true});
    training.train(steps);
    emulated::fail_allocation(20);
    try {
      training.trainer->step();
      FAIL("expected an error");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::memory);
      CHECK_THAT(error.what(),
                 Catch::StartsWith("memory of cuda:0: expected ") && Catch::EndsWith("--batch-size 3 fits"));
    }
  }
}

TEST_CASE("memory that ends while a run is set up is told with what needs less") {
  const MemoryDataset dataset(3, {8}, 0);
  data::Split split;
  split.labelled = {0, 8, 16};
  RunOptions options;
  options.method = "supervised";
  options.model = "resnet-small";
  options.device = to_text(devices().back());
  options.augment = options.preprocess_eval = "-1_to_1";
  options.batch_size = 3;
  options.img_size = 4;
  options.bn_epsilon = 1e-3;
  options.bn_momentum = 0.9;
  options.steps = 2;
  for (const int allocation : {1, 20}) {
    emulated::fail_allocation(allocation);
    CHECK_THROWS_WITH(make_training(options, dataset, split),
                      Catch::StartsWith("memory of cuda:0: expected ") &&
                          Catch::EndsWith(" are free; a smaller --batch-size or --img-size needs less"));
  }
  emulated::fail_allocation(0);
}

TEST_CASE("memory that ends before there is a batch is told with what needs less") {
  SmallTraining training("rotation", devices().back());
  emulated::streams().submit(copy_stream(devices().back()).handle(), [] { fail(ErrorKind::memory, "full"); });
  CHECK_THROWS_WITH(training.trainer->step(), "full; a smaller --batch-size or --img-size needs less");
}

TEST_CASE("a library that finds no memory is told as memory that ends, with a batch that fits") {
  SmallTraining training("rotation", devices().back());
  emulated::fail_library_call(5, "CUDNN_STATUS_ALLOC_FAILED");
  CHECK_THROWS_WITH(training.trainer->step(), Catch::StartsWith("conv2d ") && Catch::Contains("tensors hold") &&
                                                  Catch::EndsWith("--batch-size 3 fits"));
}
#endif
