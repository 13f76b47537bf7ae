#include "s4l/methods/training/choice.h"

#include <algorithm>
#include <cmath>

namespace s4l::methods {
namespace {

/// What a device does in a time that somebody waits for.
struct Means {
  std::int64_t batch;  ///< labelled pictures a step
  std::int64_t fewest_steps, most_steps;
};
constexpr Means kCpuMeans = {16, 500, 10'000}, kGpuMeans = {64, 2'000, 100'000};

constexpr double kPasses = 30;     // over all training pictures; 500 steps for the 500 of `things`
constexpr int kSmallPicture = 48;  // up to here a network for small pictures
constexpr std::int64_t kLooked = 100;

bool on_gpu(const RunOptions& o) { return !o.device.starts_with("cpu"); }

bool are_photographs(const data::Dataset& dataset) {
  const std::int64_t looked = std::min(kLooked, dataset.size());
  for (std::int64_t i = 0; i < looked; ++i) {
    const data::Size size = dataset.image_size(i);
    if (std::min(size.height, size.width) > kSmallPicture) return true;
  }
  return false;
}

}  // namespace

void choose_network(const data::Dataset& dataset, RunOptions& o) {
  if (!o.model.empty()) return;
  o.model = !on_gpu(o) ? "resnet-small" : are_photographs(dataset) ? "resnet50" : "wrn-28-2";
}

void choose_length(const data::Split& split, RunOptions& o) {
  const Means& means = on_gpu(o) ? kGpuMeans : kCpuMeans;
  if (o.batch_size == 0) {
    // No picture twice in a step, and every virtual replica has its share.
    const auto labelled = static_cast<std::int64_t>(split.labelled.size());
    o.batch_size = std::max<std::int64_t>(1, std::min(means.batch, labelled));
    o.batch_size = (o.batch_size + o.virtual_replicas - 1) / o.virtual_replicas * o.virtual_replicas;
  }
  if (o.steps > 0 || o.epochs > 0 || o.sched != "cosine") return;
  const double pictures = static_cast<double>(o.batch_size) * o.uratio;
  const double steps = std::ceil(kPasses * static_cast<double>(split.unlabelled.size()) / pictures);
  o.steps = std::clamp(static_cast<std::int64_t>(std::min(steps, 1e9)), means.fewest_steps, means.most_steps);
}

}  // namespace s4l::methods
