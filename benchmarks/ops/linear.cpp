// The heads: products of few rows, bound by reading the weights.
#include "s4l/core/ops/linear.h"

#include "s4l/benchmarks/ops/measure.h"

namespace {

using namespace s4l;
using namespace s4l::bench;

void linear(std::int64_t n, std::int64_t features, std::int64_t classes) {
  const Tensor x = random({n, features}), w = random({classes, features}), b = random({classes});
  const Tensor y = random({n, classes}), gx = empty_like(x), gw = empty_like(w), gb = empty_like(b);
  const std::string what = " " + to_text(x.shape()) + " to " + std::to_string(classes);
  measure("linear" + what, bytes_of({x, w, b, y}), [=] { cpu::linear(x, w, b, y); });
  measure("linear_backward" + what, bytes_of({y, x, w, gx, gw, gb}),
          [=] { cpu::linear_backward(y, x, w, gx, gw, gb); });
}

[[maybe_unused]] const bool registered = [] {
  linear(64, 128, 10);
  linear(8, 2048, 1000);
  linear(256, 2048, 1000);
  return true;
}();

}  // namespace
