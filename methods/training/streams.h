#pragma once
#include <vector>

#include "s4l/core/tensor.h"

namespace s4l::methods {

/// The rows of several streams as one network batch, and back. For each virtual replica r in turn: chunk r of the first
/// stream, then chunk r of the second, ... (spec 7), so that a batch-norm group is a run of rows.
class Streams {
 public:
  /// Each stream's rows must divide by `replicas`.
  Streams(const std::vector<Tensor>& streams, int replicas);

  /// All rows, joined.
  const Tensor& rows() const { return joined_; }
  /// The rows of stream `i` of something the network made of rows(), in the stream's own order.
  Tensor part(const Tensor& y, int i) const;

 private:
  std::vector<std::int64_t> chunk_;  // rows of each stream in one replica
  int replicas_;
  Tensor joined_;
};

}  // namespace s4l::methods
