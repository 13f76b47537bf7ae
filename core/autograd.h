#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "s4l/core/tensor.h"

namespace s4l {

/// One gradient per input of an op; an empty Tensor means none.
using Grads = std::vector<Tensor>;

/// Which inputs of an op want a gradient, found by a walk from the targets of backward() or grad():
/// a closure computes no other.
class Needs {
 public:
  using Take = std::function<Tensor(int input)>;
  using Room = std::function<Tensor(int input, const Shape& shape, DType dtype, Device device)>;
  Needs(std::uint64_t bits, Take take, Room room) : bits_(bits), take_(std::move(take)), room_(std::move(room)) {}
  bool operator[](int input) const { return ((bits_ >> input) & 1u) != 0; }
  /// Takes over the gradient that has reached `input` from later ops: the closure returns the sum of it and its own,
  /// which saves a pass over both. Empty where there is none, or where grad() has to see each for itself.
  Tensor take(int input) const { return take_(input); }
  /// Where the closure writes its gradient of `input`, all of it, to return it then: grad() itself of a leaf that holds
  /// zeros (expect_first_gradient()), which saves adding it, else new memory.
  Tensor room(int input, const Shape& shape, DType dtype, Device device) const {
    return room_(input, shape, dtype, device);
  }

 private:
  std::uint64_t bits_;
  Take take_;
  Room room_;
};

using Backward = std::function<Grads(const Tensor& gy, Needs)>;

/// What a closure keeps of a tensor: the tensor, or how to compute it again where that was stated
/// (recomputed()): batch norm's output is read again by the next convolution, but never kept.
class Saved {
 public:
  Saved(const Tensor& x);  // NOLINT: an op writes [x = Saved(x)] or passes x
  Tensor get() const;

 private:
  Tensor kept_;
  std::function<Tensor()> again_;
};

/// Marks `y` as cheaply computed again by `again`; what saves it from then on keeps `again` instead.
Tensor recomputed(Tensor y, std::function<Tensor()> again);

/// Notes that `y` was computed from `inputs` (at most 64) and how its gradient flows back; returns y.
/// Does nothing where no input wants a gradient or inside a NoGrad. A closure that needs y itself
/// captures y.detach(), or y would keep itself alive.
Tensor record(const char* op, Tensor y, std::vector<Tensor> inputs, Backward backward);

/// The same where `y` is rows [begin, ...) of x's first dimension: its gradient is added to those rows of x's, so that
/// many slices of one tensor cost no more than the tensor.
Tensor record_rows(const char* op, Tensor y, const Tensor& x, std::int64_t begin);

/// While one is alive, this thread tells `seen` the name and the result of every op, in order: a search for the first
/// number that is not finite.
class WatchOps {
 public:
  explicit WatchOps(std::function<void(const char* op, const Tensor& y)> seen);
  ~WatchOps();
  WatchOps(const WatchOps&) = delete;
  WatchOps& operator=(const WatchOps&) = delete;
};

/// Adds the gradient of the one-element `loss` to grad() of every leaf it was computed from that requires
/// one, and frees what the closures kept: a second call on the same loss is an error.
void backward(const Tensor& loss);

/// Says that grad() of this leaf holds zeros: backward() writes the next gradient there instead of adding it.
void expect_first_gradient(const Tensor& leaf);

/// The gradients of `loss` with respect to `of` (leaves or results), in that order; an empty Tensor where
/// loss does not depend on it. Touches no grad(), computes nothing else, and may be called again.
Grads grad(const Tensor& loss, std::span<const Tensor> of);

/// While one is alive, this thread records nothing.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};

}  // namespace s4l
