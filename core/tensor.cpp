#include "s4l/core/tensor.h"

#include "s4l/core/ops/fill.h"
#include "s4l/core/tensor_impl.h"

namespace s4l {

const Shape& Tensor::shape() const {
  check(impl_ != nullptr, "tensor: expected a tensor, got an empty one");
  return impl_->shape;
}
DType Tensor::dtype() const { return impl_ ? impl_->dtype : (shape(), DType::f32); }
Device Tensor::device() const { return impl_ ? impl_->storage->device() : (shape(), kCpu); }
void* Tensor::raw() const {
  shape();
  return static_cast<std::byte*>(impl_->storage->memory()) + impl_->offset;
}

bool Tensor::requires_grad() const { return impl_ && (impl_->history->requires_grad || impl_->history->node); }
Tensor& Tensor::set_requires_grad(bool on) {
  impl_->history->shape = shape();
  impl_->history->requires_grad = on;
  return *this;
}
Tensor Tensor::grad() const { return impl_ ? impl_->history->grad : Tensor(); }
void Tensor::set_grad(Tensor grad) {
  check(!grad || grad.shape() == shape(), "set_grad: expected shape {}, got {}", shape(),
        grad ? grad.shape() : Shape());
  impl_->history->grad = std::move(grad);
  impl_->history->grad_is_zero = false;
}

Tensor Tensor::detach() const { return impl_ ? view_of(*this, impl_->shape, 0) : Tensor(); }

std::uint64_t Tensor::version() const { return impl_ ? impl_->storage->version() : 0; }
void Tensor::bump_version() const { impl_->storage->bump_version(); }
std::weak_ptr<const Storage> Tensor::storage() const {
  shape();
  return impl_->storage;
}
bool Tensor::sole_owner() const { return impl_.use_count() == 1 && impl_->storage.use_count() == 1; }

Tensor view_of(const Tensor& x, Shape shape, std::size_t offset) {
  auto impl = std::make_shared<TensorAccess::Impl>();
  const auto& source = TensorAccess::of(x);
  impl->storage = source.storage;
  impl->offset = source.offset + offset;
  impl->shape = shape;
  impl->dtype = source.dtype;
  return TensorAccess::make(std::move(impl));
}

namespace {

std::size_t bytes_of(const Shape& shape, DType dtype) {
  auto bytes = static_cast<std::int64_t>(size_of(dtype));
  for (int i = 0; i < shape.rank; ++i) {
    check(shape[i] >= 0, "empty: expected sizes of 0 or more, got {}", shape);
    if (__builtin_mul_overflow(bytes, shape[i], &bytes))
      fail(ErrorKind::memory, "memory: expected less than 2^63 bytes for a tensor, got {} {}", dtype, shape);
  }
  return static_cast<std::size_t>(bytes);
}

}  // namespace

Tensor empty(Shape shape, DType dtype, Device device) {
  auto impl = std::make_shared<TensorAccess::Impl>();
  impl->storage = Storage::allocate(bytes_of(shape, dtype), compute_stream(device));
  impl->shape = shape;
  impl->dtype = dtype;
  return TensorAccess::make(std::move(impl));
}

Tensor zeros(Shape shape, DType dtype, Device device) {
  Tensor x = empty(shape, dtype, device);
  runtime(device).fill(x.raw(), 0, x.bytes(), compute_stream(device));
  return x;
}

Tensor full(Shape shape, double value, DType dtype, Device device) {
  Tensor x = empty(shape, dtype, device);
  kernel::fill(x, value);
  return x;
}

Tensor to(const Tensor& x, Device device) {
  if (x.device() == device) return x;
  Tensor y = empty(x.shape(), x.dtype(), device);
  copy_(y, x);
  return y;
}

void copy_(const Tensor& to, const Tensor& from) {
  check(to.shape() == from.shape() && to.dtype() == from.dtype(), "copy_: expected {} {}, got {} {}", to.dtype(),
        to.shape(), from.dtype(), from.shape());
  const Device device = to.device() == kCpu ? from.device() : to.device();
  check(to.device() == kCpu || from.device() == kCpu || to.device() == from.device(),
        "copy_: expected one GPU, or the CPU between two, got {} and {}", to.device(), from.device());
  runtime(device).copy(to.raw(), from.raw(), to.bytes(), compute_stream(device));
  if (to.device() == kCpu) runtime(device).synchronize(compute_stream(device));
  to.bump_version();
}

template <class T>
Tensor from_values(std::span<const T> values, Shape shape, Device device) {
  check(static_cast<std::int64_t>(values.size()) == shape.numel(), "from_values: expected {} values for {}, got {}",
        shape.numel(), shape, values.size());
  Tensor x = empty(shape, dtype_of<T>::value, device);
  runtime(device).copy(x.raw(), values.data(), x.bytes(), compute_stream(device));
  runtime(device).synchronize(compute_stream(device));  // `values` may go when this returns
  return x;
}

template <class T>
std::vector<T> values_of(const Tensor& x) {
  std::vector<T> values(static_cast<std::size_t>(x.numel()));
  runtime(x.device()).copy(values.data(), x.data<T>(), x.bytes(), compute_stream(x.device()));
  runtime(x.device()).synchronize(compute_stream(x.device()));
  return values;
}

double item(const Tensor& x) {
  check(x.numel() == 1, "item: expected one element, got {}", x.shape());
  return with_float(x.dtype(), [&]<class T>() { return static_cast<double>(values_of<T>(x)[0]); });
}

#define S4L_VALUES_OF(T)                                             \
  template Tensor from_values<T>(std::span<const T>, Shape, Device); \
  template std::vector<T> values_of<T>(const Tensor&);
S4L_VALUES_OF(float)
S4L_VALUES_OF(double)
S4L_VALUES_OF(bf16)
S4L_VALUES_OF(f16)
S4L_VALUES_OF(std::int64_t)
S4L_VALUES_OF(std::int32_t)
S4L_VALUES_OF(std::uint8_t)

}  // namespace s4l
