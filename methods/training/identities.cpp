#include "s4l/methods/training/identities.h"

#include <vector>

namespace s4l::methods {

const Tensor& Identities::of(std::int64_t rows, std::int64_t pool, std::int64_t together, Device device) {
  Tensor& identity = made_[rows];
  if (!identity) {
    std::vector<std::int32_t> values;
    for (std::int64_t row = 0; row < rows; ++row) values.push_back(static_cast<std::int32_t>(row % pool / together));
    identity = from_values(values, {rows}, device);
  }
  return identity;
}

}  // namespace s4l::methods
