#pragma once
#include <functional>
#include <string>
#include <vector>

#include "s4l/core/tensor.h"

namespace s4l::test {

/// An op as the CUDA device computes it, in each of its types.
struct DeviceCase {
  std::string name;
  std::vector<Tensor> inputs;  ///< f64 (or integers) on the CPU; may be empty
  /// Works on any device and type; a gradient goes back through the first result if it has one.
  std::function<std::vector<Tensor>(const std::vector<Tensor>&)> forward;
  std::vector<bool> activation{};  ///< per input: takes 16 bits where the case does, and is f32 else; empty: all
  std::vector<DType> types{DType::f32, DType::f64, DType::bf16, DType::f16};
  bool f64 = true;       ///< the op has an f64 body; else it is compared with the CPU's f32
  double tolerance = 1;  ///< times what rounding to a type costs, relative L2 error
};

/// In each type: results and gradients on the device against the CPU's of the same numbers in f64; the same bits under
/// ten schedules (natural, reversed, four random, four by priority), and once more with so few threads that each does
/// the work of many: then also few enough for ThreadSanitizer, which sees those runs alone. No NaN may come out.
void check_on_device(const DeviceCase& c);

}  // namespace s4l::test
