#pragma once
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "s4l/core/device/device.h"
#include "s4l/core/dtype.h"
#include "s4l/core/shape.h"

namespace s4l {

class Storage;
struct Node;

/// A shared handle to numbers on a device: dense, row-major, images as (N, H, W, C). Copies of a handle
/// are the same tensor. The only views are reshape and rows (core/ops/view.h). A default-constructed
/// Tensor is empty: it stands for "none".
class Tensor {
 public:
  Tensor() = default;
  explicit operator bool() const { return impl_ != nullptr; }

  const Shape& shape() const;
  DType dtype() const;
  Device device() const;
  std::int64_t numel() const { return shape().numel(); }
  std::size_t bytes() const { return static_cast<std::size_t>(numel()) * size_of(dtype()); }

  /// The first element, in the memory of device(); T must be the tensor's type.
  template <class T>
  T* data() const {
    check(dtype() == dtype_of<T>::value, "data: expected {}, got {}", dtype(), dtype_of<T>::value);
    return static_cast<T*>(raw());
  }
  void* raw() const;

  /// True for a leaf that wants a gradient and for every result computed from one.
  bool requires_grad() const;
  Tensor& set_requires_grad(bool on);
  /// What backward() has added up so far; empty before.
  Tensor grad() const;
  void set_grad(Tensor grad);
  /// The same numbers without history.
  Tensor detach() const;

  /// Of the storage: advances with every update in place.
  std::uint64_t version() const;
  void bump_version() const;
  /// The memory it looks into, without keeping it: a cache of derived data sees by it when the original is gone.
  std::weak_ptr<const Storage> storage() const;
  /// True if no other handle and no view sees these numbers: they may be overwritten.
  bool sole_owner() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;

  explicit Tensor(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  friend struct TensorAccess;
};

/// Memory whose content is undefined.
Tensor empty(Shape shape, DType dtype = DType::f32, Device device = kCpu);
inline Tensor empty_like(const Tensor& x) { return empty(x.shape(), x.dtype(), x.device()); }
Tensor zeros(Shape shape, DType dtype = DType::f32, Device device = kCpu);
inline Tensor zeros_like(const Tensor& x) { return zeros(x.shape(), x.dtype(), x.device()); }
/// A tensor with every element `value`, of a floating type.
Tensor full(Shape shape, double value, DType dtype = DType::f32, Device device = kCpu);
/// The same bytes on `device`, without history; the tensor itself if it is there already.
Tensor to(const Tensor& x, Device device);
/// Copies the numbers of `from` into `to`, which may be on another device; shapes and types are equal.
void copy_(const Tensor& to, const Tensor& from);

/// A tensor holding `values`, whose count must be that of `shape`.
template <class T>
Tensor from_values(std::span<const T> values, Shape shape, Device device = kCpu);
template <class T>
Tensor from_values(const std::vector<T>& values, Shape shape, Device device = kCpu) {
  return from_values<T>(std::span<const T>(values), shape, device);
}
/// The numbers, on the host, row-major; waits for the device.
template <class T>
std::vector<T> values_of(const Tensor& x);
/// The one number of a tensor of one element (f32 or f64).
double item(const Tensor& x);

}  // namespace s4l
