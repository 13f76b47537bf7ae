#pragma once
#include <memory>
#include <string>

#include "s4l/core/device/runtime.h"
#include "s4l/core/ops/conv2d.h"

namespace s4l::cuda {

enum class Direction : std::uint8_t { forward, backward_data, backward_weight };

/// A convolution as a library sees it: all that decides which plans there are.
struct Conv2dProblem {
  Direction direction;
  DType dtype;
  bool tf32;  ///< f32 may be multiplied with 10 bits of mantissa
  Shape x, w, y;
  Conv2dOptions options;
};
/// "conv2d bf16: x (8, 32, 32, 16), w (32, 3, 3, 16), y (8, 32, 32, 32), stride 1, padding 1, dilation 1, groups 1"
std::string to_text(const Conv2dProblem& problem);

/// Device addresses of x, w and y or of their gradients. The direction says which of them is written.
struct Conv2dOperands {
  void *x, *w, *y;
};

/// One way to compute a problem on a device.
class Conv2dPlan {
 public:
  virtual ~Conv2dPlan() = default;
  /// Bytes of scratch that run() needs.
  virtual std::size_t workspace() const = 0;
  /// Queues the work on `stream`.
  virtual void run(const Conv2dOperands& operands, void* workspace, Stream stream) const = 0;
};

/// The plan for `problem`, whose sizes are all at least 1: chosen at the first call, with `operands` and on `stream`
/// where candidates have to be tried (which writes the result), and kept. A problem that the library has no plan for is
/// an Error that says so. cuDNN's plans are in conv2d_cudnn.cpp, the emulated device's in kernels/emulated/conv2d.cpp.
const Conv2dPlan& conv2d_plan(const Conv2dProblem& problem, const Conv2dOperands& operands, Stream stream);

}  // namespace s4l::cuda
