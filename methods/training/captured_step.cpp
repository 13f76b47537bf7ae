#include "s4l/methods/training/captured_step.h"

#include <vector>

namespace s4l::methods {
namespace {

constexpr int kWarmUp = 2;

Tensor copy_of(const Tensor& x) {
  const Tensor y = empty_like(x);
  copy_(y, x);
  return y;
}

data::Batch room_for(data::Batch batch) {
  for (Tensor* x : batch.tensors())
    if (*x) *x = empty_like(*x);
  return batch;
}

}  // namespace

void CapturedStep::run(const data::Batch& batch, const Work& work, Metrics& metrics) {
  // Before the first step: later it would lie amid what steps leave free, which goes back whole before the recording.
  if (!batch_.labels) batch_ = room_for(batch);
  if (warmed_up_ < kWarmUp) {
    work(batch, metrics);
    ++warmed_up_;
    return;
  }
  data::Batch given = batch;
  const std::vector<Tensor*> from = given.tensors(), to = batch_.tensors();
  for (std::size_t i = 0; i < from.size(); ++i)
    if (*from[i]) copy_(*to[i], *from[i]);
  if (graph_ == nullptr) {
    const Stream stream = compute_stream(batch_.labels.device());
    metrics_.clear();
    graph_ = runtime(stream.device()).capture(stream, [&] { work(batch_, metrics_); });
  } else {
    graph_->replay();
  }
  for (const auto& [tag, value] : metrics_.values()) metrics.put(tag, copy_of(value));
}

}  // namespace s4l::methods
