// What a step of each method costs: passes of a row through the network's convolutions, counted while it runs, and its
// time; both for each picture of the step and as multiples of supervised's. Forward, back to the picture and back to
// the weights do the same multiplications and count 1 each.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "s4l/core/kernel.h"
#include "s4l/core/device/device.h"
#include "s4l/methods/training/run.h"
#include "s4l/methods/training/run_setup.h"

using namespace s4l;

namespace {

constexpr std::array<const char*, 3> kPasses = {"conv2d", "conv2d_backward_data", "conv2d_backward_weight"};
constexpr std::int64_t kBatch = 32;

std::map<std::string, double>& rows_seen() {
  static std::map<std::string, double> rows;
  return rows;
}

void observe(const char* kernel, const Tensor& first) { rows_seen()[kernel] += static_cast<double>(first.shape()[0]); }

struct Cost {
  std::int64_t pictures;         ///< of a step, each once however many views it has
  std::array<double, 3> passes;  ///< of one row through one convolution
  double milliseconds;
};

methods::RunOptions options_of(const std::string& method) {
  methods::RunOptions o;
  o.method = method;
  o.model = "resnet-small";
  o.batch_size = kBatch;
  o.uratio = 1;
  o.stage = methods::find_method(method).stages.empty() ? 0 : 1;
  if (method.starts_with("exemplar")) o.augment = "crop_inception_patches(8, 24)|flip_lr|-1_to_1";
  return o;
}

double milliseconds_of_step(methods::Trainer& trainer) {
  std::array<double, 5> times{};
  for (double& time : times) {
    const auto start = std::chrono::steady_clock::now();
    trainer.step();
    time = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

Cost cost_of(const std::string& method) {
  const methods::Run run(options_of(method), methods::Start::assumed);
  const methods::RunOptions& o = run.options();
  const methods::Training training = methods::make_training(o, run.dataset(), run.split());
  for (int i = 0; i < 3; ++i) training.trainer->step();  // they allocate
  rows_seen().clear();
  kernel_observer = observe;
  training.trainer->step();
  kernel_observer = nullptr;
  Cost cost{0, {}, milliseconds_of_step(*training.trainer)};
  const bool labelled =
      !method.ends_with("-pretrain");  // which reads the labelled stream and does not show it the network
  cost.pictures = methods::pictures_per_step(o, *training.method) - (labelled ? 0 : kBatch);
  const auto views = static_cast<std::int64_t>(training.method->views().unlabelled.size());
  if (views > 1) cost.pictures -= (views - 1) * methods::unlabelled_batch(o);
  for (std::size_t i = 0; i < kPasses.size(); ++i) cost.passes[i] = rows_seen()[kPasses[i]];
  return cost;
}

}  // namespace

int main(int argc, char** argv) {
  set_num_threads(argc > 1 ? std::atoi(argv[1]) : 2);
  const Cost base = cost_of("supervised");
  std::printf("%-17s %8s %8s %8s %8s %8s %10s %9s\n", "method", "pictures", "forward", "data", "weights", "counted",
              "ms a step", "measured");
  for (const methods::MethodEntry& entry : methods::methods()) {
    const Cost cost = cost_of(entry.name);
    const double share = static_cast<double>(kBatch) / static_cast<double>(cost.pictures);
    std::array<double, 3> passes{};
    double counted = 0, all = 0;
    for (std::size_t i = 0; i < passes.size(); ++i) {
      passes[i] = share * cost.passes[i] / base.passes[i];
      counted += share * cost.passes[i];
      all += base.passes[i];
    }
    std::printf("%-17s %8lld %8.2f %8.2f %8.2f %8.2f %10.1f %9.2f\n", entry.name, static_cast<long long>(cost.pictures),
                passes[0], passes[1], passes[2], counted / all, cost.milliseconds,
                share * cost.milliseconds / base.milliseconds);
  }
}
