#include "s4l/methods/training/captured_step.h"

#include <vector>

namespace s4l::methods {
namespace {

Tensor copy_of(const Tensor& x) {
  const Tensor y = empty_like(x);
  copy_(y, x);
  return y;
}

}  // namespace

void CapturedStep::run(const data::Batch& batch, const Work& work, Metrics& metrics) {
  data::Batch given = batch;
  const std::vector<Tensor*> from = given.tensors();
  if (graph_ == nullptr) {
    batch_ = batch;
    for (Tensor* x : batch_.tensors())
      if (*x) *x = empty_like(*x);
  }
  const std::vector<Tensor*> to = batch_.tensors();
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
