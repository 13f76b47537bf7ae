#include "s4l/core/ops/cast.h"

#include "s4l/kernels/cpu/parallel.h"

namespace s4l::cpu {
namespace {

template <class From, class To>
To convert(From value) {
  if constexpr (std::is_arithmetic_v<From> && std::is_arithmetic_v<To>)
    return static_cast<To>(value);
  else
    return static_cast<To>(static_cast<float>(value));
}

template <class From, class To>
void convert_all(const Tensor& x, const Tensor& y) {
  const From* from = x.data<From>();
  To* to = y.data<To>();
  parallel_blocks(x.numel(), 1 << 14, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) to[i] = convert<From, To>(from[i]);
  });
}

}  // namespace

void cast(const Tensor& x, const Tensor& y) {
  with_any_float(x.dtype(),
                 [&]<class From>() { with_any_float(y.dtype(), [&]<class To>() { convert_all<From, To>(x, y); }); });
}

}  // namespace s4l::cpu
