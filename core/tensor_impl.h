#pragma once
// What a Tensor handle points to. For core/tensor.cpp, core/autograd.cpp and the views alone.
#include "s4l/core/device/storage.h"
#include "s4l/core/tensor.h"

namespace s4l {

/// A tensor's place in the tape. The tape holds this, never the numbers: those are freed when the last
/// handle or closure that reads them goes.
struct History {
  Shape shape;
  bool requires_grad = false;  // set on leaves only
  std::shared_ptr<Node> node;  // the step that computed it; none for a leaf
  Tensor grad;
  bool grad_is_zero = false;  // the next gradient is written there, not added
};

struct Tensor::Impl {
  std::shared_ptr<Storage> storage;
  std::size_t offset = 0;  // bytes
  Shape shape;
  DType dtype = DType::f32;
  std::shared_ptr<History> history = std::make_shared<History>();
  std::function<Tensor()> again;  // how to compute it anew, where that is cheaper than keeping it
};

struct TensorAccess {
  static Tensor::Impl& of(const Tensor& x) { return *x.impl_; }
  static Tensor make(std::shared_ptr<Tensor::Impl> impl) { return Tensor(std::move(impl)); }
  using Impl = Tensor::Impl;
};

/// A tensor of `shape` that looks into x's storage from `offset` bytes after x's first; no history.
Tensor view_of(const Tensor& x, Shape shape, std::size_t offset);

}  // namespace s4l
