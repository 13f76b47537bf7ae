// Training on every device: the CPU's losses, whether the step is taken as it stands or replayed, and what it launches.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>

#include "s4l/core/kernel.h"
#include "s4l/methods/training/run_setup.h"
#include "s4l/methods/training/trainer.h"
#include "s4l/nn/models/model.h"
#include "s4l/nn/walk.h"
#include "s4l/tests/data/memory_dataset.h"
#include "s4l/tests/support/near.h"
#ifdef S4L_EMULATED
#include "s4l/kernels/emulated/device_memory.h"
#endif

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

namespace {

/// A method that trains a small network on pictures in memory.
struct Bench {
  MemoryDataset dataset{3, {8}, 0};
  data::Split split;
  std::unique_ptr<nn::Classifier> model;
  std::unique_ptr<Method> method;
  std::unique_ptr<data::Loader> loader;
  std::unique_ptr<Trainer> trainer;

  Bench(const std::string& name, Device device, bool capture, std::string augment = "",
        std::vector<float> class_weights = {}) {
    for (auto& item : dataset.items) item.size = {8, 8};
    for (std::int64_t i = 0; i < dataset.size(); ++i) (i % 2 == 0 ? split.labelled : split.unlabelled).push_back(i);
    model = nn::make_model("resnet-small", {.classes = 3, .width = 0.125});
    nn::move_to(*model, device);
    MethodOptions options;
    options.classes = 3;
    options.feature_size = model->feature_size();
    options.model = model.get();
    options.pictures = dataset.size();
    options.unlabelled = static_cast<std::int64_t>(split.unlabelled.size());
    if (name.starts_with("vat"))  // by default two instruction sets of the CPU differ more than is allowed here
      options.values = {{"vat-eps", 0.5}, {"vat-xi", 1}};
    if (name.starts_with("exemplar")) options.values = {{"triplet-embed-dim", 16}};
    method = make_method(name, options);

    if (augment.empty())
      augment = name.starts_with("exemplar") ? "crop_inception_patches(4, 8)|-1_to_1" : "flip_lr|-1_to_1";
    const Views views = method->views();
    TrainOptions how;
    data::LoaderOptions batches;
    batches.labelled = {6, {with_view(augment, views.labelled)}};
    how.labelled_tail = data::Pipeline(batches.labelled.pipelines[0]).tail();
    if (!views.unlabelled.empty()) batches.unlabelled.batch_size = 6;
    for (const std::string& view : views.unlabelled) {
      batches.unlabelled.pipelines.push_back(with_view(augment, view));
      how.unlabelled_tails.push_back(data::Pipeline(batches.unlabelled.pipelines.back()).tail());
    }
    batches.class_weights = std::move(class_weights);
    batches.device = how.device = device;
    how.capture = capture;
    how.lr.base = 0.02;
    how.sgd = {.weight_decay = 1e-4, .ema_decay = 0.99};
    loader = std::make_unique<data::Loader>(dataset, split, batches);
    trainer = std::make_unique<Trainer>(*model, *method, *loader, how);
  }

  /// The metrics of each of the next steps, the loss first.
  std::vector<std::vector<double>> train(int steps) {
    std::vector<std::vector<double>> all;
    for (int i = 0; i < steps; ++i) {
      trainer->step();
      all.emplace_back();
      for (const auto& [tag, value] : trainer->take_metrics()) all.back().push_back(value);
    }
    return all;
  }
};

std::map<std::string, int> launches;

/// "rotation add 12" for every kernel of the third step.
std::string launches_of_a_step(const std::string& method, Device device) {
  Bench bench(method, device, false);
  bench.train(2);
  launches.clear();
  kernel_observer = [](const char* kernel, const Tensor& first) {
    if (first.device() != kCpu) ++launches[kernel];
  };
  bench.trainer->step();
  kernel_observer = nullptr;
  std::string text;
  for (const auto& [kernel, count] : launches) text += method + " " + kernel + " " + std::to_string(count) + "\n";
  return text;
}

}  // namespace

TEST_CASE("every device trains as the CPU does: the losses of five steps are the same within 1e-5") {
  for (const Device& device : devices())
    for (const MethodEntry& entry : methods::methods()) {
      if (device == kCpu || !entry.stages.empty()) continue;  // those with stages train in the ways of others
      DYNAMIC_SECTION(entry.name << " on " << to_text(device)) {
        const auto expected = Bench(entry.name, kCpu, false).train(5), got = Bench(entry.name, device, false).train(5);
        for (std::size_t step = 0; step < expected.size(); ++step) {
          INFO("step " << step + 1 << ": expected " << expected[step][0] << ", got " << got[step][0]);
          CHECK(std::abs(got[step][0] - expected[step][0]) <= 1e-5 * std::abs(expected[step][0]));
        }
      }
    }
}

TEST_CASE("steps that are recorded once and replayed give the bits of steps taken one by one") {
  for (const Device& device : devices())
    for (const MethodEntry& entry : methods::methods()) {
      if (!entry.stages.empty()) continue;
      DYNAMIC_SECTION(entry.name << " on " << to_text(device)) {
        Bench eager(entry.name, device, false), replayed(entry.name, device, true);
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
      CHECK(Bench("rotation", device, false, augment, weights).train(6) ==
            Bench("rotation", device, true, augment, weights).train(6));
    }
}

TEST_CASE("a step launches the kernels that tests/golden/launches.txt lists") {
  for (const Device& device : devices()) {
    if (device == kCpu) continue;
    std::ifstream file(S4L_SOURCE_DIR "/tests/golden/launches.txt");
    std::ostringstream expected;
    expected << file.rdbuf();
    CHECK(launches_of_a_step("rotation", device) + launches_of_a_step("supervised", device) +
              launches_of_a_step("vat", device) ==
          expected.str());
  }
}

#ifdef S4L_EMULATED
TEST_CASE("where the device's memory ends, in a step or while it is recorded, the error names a batch that fits") {
  for (const int steps : {0, 2}) {
    Bench bench("rotation", devices().back(), true);
    bench.train(steps);
    emulated::fail_allocation(20);
    try {
      bench.trainer->step();
      FAIL("expected an error");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::memory);
      CHECK_THAT(error.what(),
                 Catch::StartsWith("memory of cuda:0: expected ") && Catch::EndsWith("--batch-size 3 fits"));
    }
  }
}
#endif
