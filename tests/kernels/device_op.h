#pragma once
#include <functional>
#include <string>
#include <vector>

#include "s4l/tests/kernels/device_case.h"

namespace s4l::test {

/// An op that the CPU computes too, which its tests have compared with the definition (tests/ops).
struct DeviceOp {
  std::string name;
  std::vector<Tensor> inputs;  ///< f64 (or integers) on the CPU; may be empty
  /// Works on any device and type; a gradient goes back through the first result if it has one.
  std::function<std::vector<Tensor>(const std::vector<Tensor>&)> forward;
  std::vector<bool> activation{};  ///< per input: takes 16 bits where the op does, and is f32 else; empty: all
  std::vector<DType> types{DType::f32, DType::f64, DType::bf16, DType::f16};
  bool f64 = true;       ///< the op has an f64 body; else it is compared with the CPU's f32
  double tolerance = 1;  ///< times rounding() of a result's type
};

/// check_on_device() in each type: results and gradients against the CPU's of the same numbers in f64.
void check_op_on_device(const DeviceOp& op);

}  // namespace s4l::test
