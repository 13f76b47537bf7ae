#include "s4l/methods/training/captured_step.h"

#include <vector>

namespace s4l::methods {
namespace {

void append(data::Pictures& pictures, std::vector<Tensor*>& all) {
  for (Tensor* x : {&pictures.u8, &pictures.draws.flip, &pictures.draws.noise, &pictures.draws.range}) all.push_back(x);
}

/// Every tensor of a batch, empty ones too, always in the same order.
std::vector<Tensor*> tensors_of(data::Batch& batch) {
  std::vector<Tensor*> all{&batch.labels, &batch.index};
  append(batch.labelled, all);
  for (data::Pictures& view : batch.unlabelled) append(view, all);
  return all;
}

Tensor copy_of(const Tensor& x) {
  const Tensor y = empty_like(x);
  copy_(y, x);
  return y;
}

}  // namespace

void CapturedStep::run(const data::Batch& batch, const Work& work, Metrics& metrics) {
  data::Batch given = batch;
  const std::vector<Tensor*> from = tensors_of(given);
  if (graph_ == nullptr) {
    batch_ = batch;
    for (Tensor* x : tensors_of(batch_))
      if (*x) *x = empty_like(*x);
  }
  const std::vector<Tensor*> to = tensors_of(batch_);
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
