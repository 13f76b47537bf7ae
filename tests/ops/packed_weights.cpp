#include <catch2/catch.hpp>
#include <vector>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/conv2d.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::test;

namespace {

struct Answer {
  std::vector<float> y, gx;
  bool operator==(const Answer&) const = default;
};

Answer answer(const Tensor& w, std::int64_t size, const Conv2dOptions& options) {
  Tensor x = random_tensor({1, size, size, w.shape()[3] * options.groups}, DType::f32, 1);
  x.set_requires_grad(true);
  const Tensor y = conv2d(x, w, options);
  const Tensor loss = record("sum", full({}, 0), {y}, [shape = y.shape()](const Tensor&, Needs) {
    return Grads{random_tensor(shape, DType::f32, 3)};
  });
  return {values_of<float>(y), values_of<float>(grad(loss, std::vector<Tensor>{x})[0])};
}

}  // namespace

TEST_CASE("one weight serves convolutions of any groups, stride, dilation, padding and size in turn") {
  const Tensor w = random_tensor({8, 3, 3, 2}, DType::f32, 2);
  const std::vector<Conv2dOptions> all{{1, 1},       {2, 1},       {3, 1},       {1, 1, 2},    {2, 2, 2},
                                       {1, 1, 1, 2}, {1, 1, 1, 8}, {2, 1, 1, 4}, {2, 2, 3, 2}, {3, 0}};
  for (const std::int64_t size : {9, 7})
    for (const Conv2dOptions& o : all) {
      INFO(size << ", stride " << o.stride << ", padding " << o.padding << ", dilation " << o.dilation << ", groups "
                << o.groups);
      Tensor fresh = empty(w.shape());
      copy_(fresh, w);
      CHECK(answer(w, size, o) == answer(fresh, size, o));
    }
}
