// The heads: products of few rows, bound by reading the weights.
#include "s4l/core/ops/linear.h"

#include "s4l/benchmarks/ops/measure.h"

namespace {

using namespace s4l;
using namespace s4l::bench;

struct Head {
  std::int64_t n, features, classes;
  Tensor x = random({n, features}), w = random({classes, features}), b = random({classes});
  Tensor y = random({n, classes}), gx = empty_like(x), gw = empty_like(w), gb = empty_like(b);
};

void linear(std::int64_t n, std::int64_t features, std::int64_t classes) {
  const std::string what = " " + to_text(Shape{n, features}) + " to " + std::to_string(classes);
  measure("linear" + what, [=] {
    const Head h{n, features, classes};
    return Pass{bytes_of({h.x, h.w, h.b, h.y}), [=] { cpu::linear(h.x, h.w, h.b, h.y); }};
  });
  measure("linear_backward" + what, [=] {
    const Head h{n, features, classes};
    return Pass{bytes_of({h.y, h.x, h.w, h.gx, h.gw, h.gb}),
                [=] { cpu::linear_backward(h.y, h.x, h.w, h.gx, h.gw, h.gb); }};
  });
}

[[maybe_unused]] const bool registered = [] {
  linear(64, 128, 10);
  linear(8, 2048, 1000);
  linear(256, 2048, 1000);
  return true;
}();

}  // namespace
