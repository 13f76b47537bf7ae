// What every plan needs, whichever library it is of: aligned memory, a workspace, and no sizes of 0.
#include "s4l/core/ops/conv2d.h"

#include "s4l/core/device/storage.h"
#include "s4l/core/device/tf32.h"
#include "s4l/kernels/cuda/aligned.h"
#include "s4l/kernels/cuda/conv2d_plan.h"

namespace s4l::cuda {
namespace {

Conv2dProblem problem_of(Direction direction, const Tensor& x, const Tensor& w, const Tensor& y,
                         const Conv2dOptions& options) {
  return {.direction = direction,
          .dtype = x.dtype(),
          .tf32 = x.dtype() == DType::f32 && tf32(),
          .x = x.shape(),
          .w = w.shape(),
          .y = y.shape(),
          .options = options};
}

/// Runs the problem's plan with operands that are aligned.
void run(const Conv2dProblem& problem, const Tensor& x, const Tensor& w, const Tensor& y) {
  const Stream stream = compute_stream(x.device());
  const Conv2dOperands operands{x.raw(), w.raw(), y.raw()};
  const Conv2dPlan& plan = conv2d_plan(problem, operands, stream);
  const auto workspace = Storage::allocate(plan.workspace(), stream);
  plan.run(operands, workspace->memory(), stream);
}

void fill_with_zeros(const Tensor& x) { runtime(x.device()).fill(x.raw(), 0, x.bytes(), compute_stream(x.device())); }

}  // namespace

std::string to_text(const Conv2dProblem& problem) {
  static constexpr const char* kDirections[] = {"forward", "backward data", "backward weight"};
  static constexpr const char* kFusions[] = {"", " with statistics", " with activation and statistics",
                                             " with activation", " with ReLU and norm"};
  const Conv2dOptions& o = problem.options;
  return fill_in("conv2d {}{} {}: x {}, w {}, y {}, stride {}, padding {}, dilation {}, groups {}",
                 {kDirections[static_cast<int>(problem.direction)], kFusions[static_cast<int>(problem.fusion)],
                  problem.tf32 ? "tf32" : name_of(problem.dtype), s4l::to_text(problem.x), s4l::to_text(problem.w),
                  s4l::to_text(problem.y), s4l::to_text(o.stride), s4l::to_text(o.padding), s4l::to_text(o.dilation),
                  s4l::to_text(o.groups)});
}

void check_fusion(const Conv2dProblem& problem) {
  static constexpr Direction kFused[] = {Direction::forward, Direction::forward, Direction::backward_weight,
                                         Direction::backward_data};
  if (problem.fusion == Fusion::none) return;
  check(problem.direction == kFused[static_cast<int>(problem.fusion) - 1],
        "{}: expected a fusion of this direction, got one of another", to_text(problem));
}

void conv2d(const Tensor& x, const Tensor& w, const Conv2dOptions& options, const Tensor& y) {
  if (y.numel() == 0) return;
  const Tensor result = aligned_result(y);
  run(problem_of(Direction::forward, x, w, y, options), aligned(x), aligned(w), result);
  copy_back(y, result);
}

void conv2d_backward_data(const Tensor& gy, const Tensor& w, const Conv2dOptions& options, const Tensor& gx) {
  if (gx.numel() == 0) return;
  const Tensor result = aligned_result(gx);
  run(problem_of(Direction::backward_data, gx, w, gy, options), result, aligned(w), aligned(gy));
  copy_back(gx, result);
}

void conv2d_backward_weight(const Tensor& x, const Tensor& gy, const Conv2dOptions& options, const Tensor& gw) {
  if (x.numel() == 0) return fill_with_zeros(gw);
  const Tensor result = aligned_result(gw);
  run(problem_of(Direction::backward_weight, x, gw, gy, options), aligned(x), result, aligned(gy));
  copy_back(gw, result);
}

}  // namespace s4l::cuda
