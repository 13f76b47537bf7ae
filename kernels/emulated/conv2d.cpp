// cuDNN's convolutions, played: refuses what cuDNN refuses, checks what it is given, and computes when the stream
// comes to it.
#include <map>
#include <mutex>
#include <tuple>

#include "s4l/kernels/cuda/aligned.h"
#include "s4l/kernels/cuda/conv2d_plan.h"
#include "s4l/kernels/emulated/device_memory.h"
#include "s4l/kernels/emulated/library_call.h"
#include "s4l/kernels/emulated/naive_conv2d.h"

namespace s4l::emulated {
namespace {

using cuda::Conv2dOperands;
using cuda::Conv2dProblem;
using cuda::Direction;

std::int64_t windows(std::int64_t size, std::int64_t taps, const Conv2dOptions& o) {
  return (size + 2 * std::int64_t{o.padding} - o.dilation * (taps - 1) - 1) / o.stride + 1;
}

/// What cuDNN checks when a graph is finalised.
void check_problem(const Conv2dProblem& p) {
  const auto expect = [&](bool holds, const char* what) {
    if (!holds) fail(ErrorKind::usage, "{}: expected {}", cuda::to_text(p), what);
  };
  const Conv2dOptions& o = p.options;
  expect(p.dtype == DType::f32 || p.dtype == DType::f64 || p.dtype == DType::bf16 || p.dtype == DType::f16,
         "f32, f64, bf16 or f16");
  expect(!p.tf32 || p.dtype == DType::f32, "f32 where tf32 is allowed");
  expect(p.x.rank == 4 && p.w.rank == 4 && p.y.rank == 4, "4 dimensions");
  expect(p.x.numel() > 0 && p.w.numel() > 0 && p.y.numel() > 0, "sizes of at least 1");
  expect(o.stride >= 1 && o.dilation >= 1 && o.padding >= 0 && o.groups >= 1,
         "a stride, dilation and groups of 1 or more");
  expect(p.x[3] == p.w[3] * o.groups && p.w[0] % o.groups == 0, "channels and outputs that the groups share");
  expect(p.y == Shape{p.x[0], windows(p.x[1], p.w[1], o), windows(p.x[2], p.w[2], o), p.w[0]},
         "y of the size that x, w and the options give");
}

class Plan final : public cuda::Conv2dPlan {
 public:
  explicit Plan(const Conv2dProblem& problem) : problem_(problem) {}

  /// As a kernel that copies one picture's windows would need it.
  std::size_t workspace() const override {
    const Shape &y = problem_.y, &w = problem_.w;
    return static_cast<std::size_t>(y[1] * y[2] * w[1] * w[2] * w[3]) * size_of(problem_.dtype);
  }

  void run(const Conv2dOperands& operands, void* workspace, Stream stream) const override {
    const auto bytes = [&](const Shape& shape) {
      return static_cast<std::size_t>(shape.numel()) * size_of(problem_.dtype);
    };
    const Direction direction = problem_.direction;
    LibraryCall call(cuda::to_text(problem_), cuda::kAlignment);
    call.operand("x", operands.x, bytes(problem_.x), direction == Direction::backward_data);
    call.operand("w", operands.w, bytes(problem_.w), direction == Direction::backward_weight);
    call.operand("y", operands.y, bytes(problem_.y), direction == Direction::forward);
    call.workspace(workspace, this->workspace());
    call.submit("execute", stream, [problem = problem_, operands] { naive_conv2d(problem, operands); });
  }

 private:
  Conv2dProblem problem_;
};

}  // namespace
}  // namespace s4l::emulated

namespace s4l::cuda {

const Conv2dPlan& conv2d_plan(const Conv2dProblem& problem, const Conv2dOperands&, Stream) {
  static std::mutex mutex;
  static auto* plans = new std::map<std::string, emulated::Plan>;  // never destroyed, as cuDNN's
  emulated::check_problem(problem);
  const std::lock_guard lock(mutex);
  const auto [plan, is_new] = plans->try_emplace(to_text(problem), problem);
  emulated::check_may_choose(is_new, to_text(problem));
  return plan->second;
}

}  // namespace s4l::cuda
