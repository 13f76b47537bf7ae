#include "s4l/core/ops/view.h"

#include <algorithm>

#include "s4l/core/autograd.h"
#include "s4l/core/tensor_impl.h"

namespace s4l {
namespace {

constexpr std::size_t kMostInputs = 64;  // of one recorded step

std::size_t row_bytes(const Tensor& x) {
  return x.shape()[0] == 0 ? 0 : x.bytes() / static_cast<std::size_t>(x.shape()[0]);
}

}  // namespace

Tensor reshape(const Tensor& x, Shape shape) {
  std::int64_t known = 1;
  int open = -1;
  for (int i = 0; i < shape.rank; ++i) {
    if (shape[i] == -1 && open < 0)
      open = i;
    else
      known *= shape[i];
  }
  if (open >= 0 && known > 0) shape[open] = x.numel() / known;
  check(shape.numel() == x.numel(), "reshape: expected {} elements as in {}, got {}", x.numel(), x.shape(), shape);
  return record("reshape", view_of(x, shape, 0), {x},
                [from = x.shape()](const Tensor& gy, Needs) { return Grads{view_of(gy, from, 0)}; });
}

Tensor rows(const Tensor& x, std::int64_t begin, std::int64_t end) {
  check(x.shape().rank >= 1 && 0 <= begin && begin <= end && end <= x.shape()[0],
        "rows: expected 0 <= begin <= end <= rows of {}, got {} and {}", x.shape(), begin, end);
  Shape shape = x.shape();
  shape[0] = end - begin;
  return record_rows("rows", view_of(x, shape, row_bytes(x) * static_cast<std::size_t>(begin)), x, begin);
}

Tensor spanned(const std::vector<Tensor>& parts) {
  if (parts.empty()) return {};
  const auto begin_of = [](const Tensor& x) { return static_cast<const std::byte*>(x.raw()); };
  const Tensor* first = &parts[0];
  const std::byte* end = begin_of(parts[0]);
  for (const Tensor& part : parts) {
    if (part.storage().lock() != parts[0].storage().lock() || part.dtype() != parts[0].dtype()) return {};
    if (begin_of(part) < begin_of(*first)) first = &part;
    end = std::max(end, begin_of(part) + part.bytes());
  }
  return view_of(*first, {static_cast<std::int64_t>((end - begin_of(*first)) / size_of(first->dtype()))}, 0);
}

Tensor concat(const std::vector<Tensor>& parts) {
  check(!parts.empty(), "concat: expected at least one tensor");
  Shape shape = parts[0].shape();
  shape[0] = 0;
  for (const Tensor& part : parts) {
    Shape expected = part.shape();
    expected[0] = parts[0].shape()[0];
    check(expected == parts[0].shape() && part.dtype() == parts[0].dtype(),
          "concat: expected rows like {} {}, got {} {}", parts[0].dtype(), parts[0].shape(), part.dtype(),
          part.shape());
    shape[0] += part.shape()[0];
  }
  if (parts.size() > kMostInputs) {
    const auto middle = parts.begin() + static_cast<std::ptrdiff_t>(parts.size() / 2);
    return concat({concat({parts.begin(), middle}), concat({middle, parts.end()})});
  }
  Tensor y = empty(shape, parts[0].dtype(), parts[0].device());
  std::vector<std::int64_t> starts{0};
  for (const Tensor& part : parts) {
    starts.push_back(starts.back() + part.shape()[0]);
    copy_(view_of(y, part.shape(), row_bytes(y) * static_cast<std::size_t>(starts[starts.size() - 2])), part);
  }
  return record("concat", y, parts, [starts](const Tensor& gy, Needs needs) {
    Grads grads(starts.size() - 1);
    for (std::size_t i = 0; i < grads.size(); ++i)
      if (needs[static_cast<int>(i)]) grads[i] = rows(gy, starts[i], starts[i + 1]);
    return grads;
  });
}

}  // namespace s4l
