// What a step of each method costs: convolution passes counted as rows through the whole network, and the time of a
// step, both for one row of the clean pass and as multiples of supervised's. Forward, backward to the picture and
// backward to the weights each count 1.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>

#include "s4l/core/device/device.h"
#include "s4l/core/kernel.h"
#include "s4l/methods/training/run.h"

using namespace s4l;

namespace {

std::map<std::string, double>& rows_seen() {
  static std::map<std::string, double> rows;
  return rows;
}

void observe(const char* kernel, const Tensor& first) {
  const std::string name = kernel;
  if (name.starts_with("conv2d")) rows_seen()[name] += static_cast<double>(first.shape()[0]);
}

struct Cost {
  double rows, counted, milliseconds;  // of a step; counted: rows through the network, all passes
};

Cost cost_of(const std::string& method) {
  methods::RunOptions o;
  o.method = method;
  o.model = "resnet-small";
  o.batch_size = 32;
  o.uratio = 1;
  o.stage = methods::find_method(method).stages.empty() ? 0 : 1;
  if (method.starts_with("exemplar")) o.augment = "crop_inception_patches(8, 24)|flip_lr|-1_to_1";
  methods::Run run(o);
  methods::Plan plan = run.plan(), counted = plan;
  run.measure(plan);
  rows_seen().clear();
  kernel_observer = observe;
  run.measure(counted);  // three steps
  kernel_observer = nullptr;
  const auto rows = static_cast<double>(plan.rows_per_step());
  double passes = 0;
  for (const auto& [kernel, seen] : rows_seen()) passes += seen / 3;
  return {rows, passes, 1000 * plan.seconds_per_step};
}

}  // namespace

int main(int argc, char** argv) {
  set_num_threads(argc > 1 ? std::atoi(argv[1]) : 2);
  const Cost base = cost_of("supervised");
  std::printf("%-14s %6s %16s %10s %16s\n", "method", "rows", "counted / superv.", "ms a step", "measured / superv.");
  for (const methods::MethodEntry& entry : methods::methods()) {
    const Cost cost = cost_of(entry.name);
    std::printf("%-14s %6.0f %16.2f %10.1f %16.2f\n", entry.name, cost.rows,
                cost.counted / cost.rows / (base.counted / base.rows), cost.milliseconds,
                cost.milliseconds / cost.rows / (base.milliseconds / base.rows));
  }
}
