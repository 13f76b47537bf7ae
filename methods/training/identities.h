#pragma once
#include <cstdint>
#include <map>

#include "s4l/core/tensor.h"

namespace s4l::methods {

/// Which rows show the same picture. Made once for each number of rows: a step that is replayed copies nothing from
/// the host.
class Identities {
 public:
  /// (rows) i32: row modulo `pool`, divided by `together`.
  const Tensor& of(std::int64_t rows, std::int64_t pool, std::int64_t together, Device device);

 private:
  std::map<std::int64_t, Tensor> made_;
};

}  // namespace s4l::methods
