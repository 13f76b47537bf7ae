#include "s4l/methods/training/streams.h"

#include "s4l/core/ops/view.h"

namespace s4l::methods {

Streams::Streams(const std::vector<Tensor>& streams, int replicas) : replicas_(replicas) {
  for (const Tensor& stream : streams) {
    check(stream.shape()[0] % replicas == 0, "virtual-replicas: expected a divisor of the {} rows of a stream, got {}",
          stream.shape()[0], replicas);
    chunk_.push_back(stream.shape()[0] / replicas);
  }
  std::vector<Tensor> parts;
  for (int r = 0; r < replicas; ++r)
    for (std::size_t i = 0; i < streams.size(); ++i)
      parts.push_back(s4l::rows(streams[i], r * chunk_[i], (r + 1) * chunk_[i]));
  joined_ = parts.size() == 1 ? parts[0] : concat(parts);
}

Tensor Streams::part(const Tensor& y, int i) const {
  std::int64_t before = 0, all = 0;
  for (std::size_t k = 0; k < chunk_.size(); ++k) {
    if (static_cast<int>(k) < i) before += chunk_[k];
    all += chunk_[k];
  }
  const std::int64_t n = chunk_[static_cast<std::size_t>(i)];
  std::vector<Tensor> parts;
  for (int r = 0; r < replicas_; ++r) parts.push_back(s4l::rows(y, r * all + before, r * all + before + n));
  return parts.size() == 1 ? parts[0] : concat(parts);
}

}  // namespace s4l::methods
