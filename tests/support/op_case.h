#pragma once
#include <functional>
#include <string>
#include <vector>

#include "s4l/core/autograd.h"

namespace s4l::test {

/// One description of an op, from which check_op makes its three tests.
struct OpCase {
  std::string name;                                           ///< a sentence for messages
  std::vector<Tensor> inputs;                                 ///< f64 (or integers) on the CPU
  std::vector<bool> wants_grad;                               ///< per input; empty: every f64 input
  std::function<Tensor(const std::vector<Tensor>&)> forward;  ///< works on any device and type
  std::function<std::vector<double>(const std::vector<Tensor>&)>
      reference;            ///< naive, from the f64 inputs; may be empty
  double tolerance = 2e-5;  ///< relative L2 error of f32 against f64, forward and each gradient
  bool f32_only = false;    ///< the op has no f64 body (bytes in, f32 out)
};

/// forward in f64 against `reference`; gradients in f64 against finite differences (central, rtol 1e-5, on random
/// projections of the output); then forward and backward in f32 on every device against f64; backward twice is bitwise
/// the same; f32 with 1, 2, 3 and 8 threads is bitwise the same. Every kernel that ran is noted as compared, for the
/// registry test.
void check_op(const OpCase& op);

/// Kernels whose result was compared so far in this process: "kernel device dtype".
const std::vector<std::string>& compared_kernels();

/// While alive, notes the kernels that run; mark_compared() after a check succeeded counts them. For tests that compare
/// without check_op.
class KernelsUnderTest {
 public:
  KernelsUnderTest();
  ~KernelsUnderTest();
  /// `result`: the type of what came out, part of what is counted for kernels that read bytes ("u8>bf16"); or empty.
  void mark_compared(const std::string& result = "");
};

}  // namespace s4l::test
