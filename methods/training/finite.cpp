#include "s4l/methods/training/finite.h"

#include <algorithm>
#include <cmath>

namespace s4l::methods {

void check_finite(const std::vector<std::pair<std::string, Tensor>>& tensors, std::int64_t step) {
  for (const auto& [name, tensor] : tensors) {
    if (tensor.dtype() != DType::f32 && tensor.dtype() != DType::f64) continue;
    with_float(tensor.dtype(), [&, &name = name, &tensor = tensor]<class T>() {
      const std::vector<T> values = values_of<T>(tensor);
      const auto bad = std::find_if(values.begin(), values.end(), [](T x) { return !std::isfinite(x); });
      if (bad == values.end()) return;
      fail(ErrorKind::numeric,
           "step {}: {}: expected finite numbers to save, got {}; what was saved before stays; it cannot go on from "
           "there with other settings, a new run with a lower --lr or with --clip-grad may",
           step, name, static_cast<double>(*bad));
    });
  }
}

}  // namespace s4l::methods
