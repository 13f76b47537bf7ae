#pragma once
#include <memory>
#include <string>

#include "s4l/core/device/runtime.h"
#include "s4l/core/ops/conv2d.h"

namespace s4l::cuda {

enum class Direction : std::uint8_t { forward, backward_data, backward_weight };

/// What cuDNN computes in the same kernel as a convolution. Engines for these exist in f16 alone.
enum class Fusion : std::uint8_t {
  none,
  statistics,             ///< forward, and the sum and sum of squares of each channel of y
  activation_statistics,  ///< the same of relu(scale x + bias) in place of x
  activation,             ///< weight gradient of relu(scale x + bias) in place of x
  relu_norm,              ///< data gradient through the ReLU before, and the gradients of the batch norm before that
};

/// Whether x is relu(scale x + bias).
constexpr bool activates(Fusion fusion) {
  return fusion == Fusion::activation || fusion == Fusion::activation_statistics;
}

/// A convolution as a library sees it: all that decides which plans there are.
struct Conv2dProblem {
  Direction direction;
  DType dtype;
  bool tf32;  ///< f32 may be multiplied with 10 bits of mantissa
  Shape x, w, y;
  Conv2dOptions options;
  Fusion fusion = Fusion::none;
};
/// "conv2d forward bf16: x (8, 32, 32, 16), w (32, 3, 3, 16), y (8, 32, 32, 32), stride 1, padding 1, dilation 1,
/// groups 1"; with a fusion "conv2d forward with statistics f16: ...".
std::string to_text(const Conv2dProblem& problem);

/// Refuses a fusion that belongs to another direction.
void check_fusion(const Conv2dProblem& problem);

/// Device addresses of what a fusion reads and writes besides. A number for each channel of x, in f32, where nothing
/// else is said.
struct FusionOperands {
  void *scale = nullptr, *bias = nullptr;   ///< read; in f16 where x is activated
  void *sum = nullptr, *squares = nullptr;  ///< written by the statistics, for each channel of y
  /// Read by relu_norm: the batch norm's input, as large as x and in f16, its mean, and 1 / its standard deviation.
  void *norm_x = nullptr, *mean = nullptr, *deviation = nullptr;
  void *gscale = nullptr, *gbias = nullptr;  ///< written by relu_norm
  /// Written by relu_norm: the gradient of norm_x is times_gx gx + times_norm_x norm_x + plus.
  void *times_gx = nullptr, *times_norm_x = nullptr, *plus = nullptr;
};

/// Device addresses of x, w and y or of their gradients. The direction says which of them is written.
struct Conv2dOperands {
  void *x, *w, *y;
  FusionOperands fused{};
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
