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
using cuda::Fusion;

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

/// What a fusion reads and writes besides x, w and y.
void check_fused(LibraryCall& call, const Conv2dProblem& p, const cuda::FusionOperands& fused) {
  const auto operand = [&](const char* role, const void* memory, std::int64_t count, DType dtype, bool written) {
    call.operand(role, memory, static_cast<std::size_t>(count) * size_of(dtype), written);
  };
  const auto read = [&](const char* role, const void* memory) {
    operand(role, memory, p.x[3], activates(p.fusion) ? p.dtype : DType::f32, false);
  };
  const auto written = [&](const char* role, const void* memory, std::int64_t channels) {
    operand(role, memory, channels, DType::f32, true);
  };
  if (p.fusion != Fusion::none && p.fusion != Fusion::statistics) {
    read("scale", fused.scale);
    read("bias", fused.bias);
  }
  if (p.fusion == Fusion::statistics || p.fusion == Fusion::activation_statistics) {
    written("sum", fused.sum, p.y[3]);
    written("squares", fused.squares, p.y[3]);
  }
  if (p.fusion != Fusion::relu_norm) return;
  operand("norm_x", fused.norm_x, p.x.numel(), p.dtype, false);
  read("mean", fused.mean);
  read("deviation", fused.deviation);
  written("gscale", fused.gscale, p.x[3]);
  written("gbias", fused.gbias, p.x[3]);
  written("times_gx", fused.times_gx, p.x[3]);
  written("times_norm_x", fused.times_norm_x, p.x[3]);
  written("plus", fused.plus, p.x[3]);
}

/// The limits within which an A100 and an H200 have plans for every fusion, as tests/cuda/plans.cpp asks cuDNN.
void check_has_fusion(const Conv2dProblem& p) {
  const auto expect = [&](bool holds, const char* what) {
    if (!holds) fail(ErrorKind::usage, "{}: expected {} for a fusion", cuda::to_text(p), what);
  };
  const Conv2dOptions& o = p.options;
  cuda::check_fusion(p);
  expect(p.dtype == DType::f16, "f16");
  expect(o.groups == 1 && p.x[3] % 8 == 0 && p.y[3] % 8 == 0, "one group, channels and outputs in multiples of 8");
  expect(p.w[1] <= 5 && p.w[2] <= 5 && o.stride <= 3 && o.padding <= 3 && o.dilation <= 3,
         "at most 5 x 5 taps, a stride, padding and dilation of at most 3");
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
    check_fused(call, problem_, operands.fused);
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
  if (problem.fusion != Fusion::none) emulated::check_has_fusion(problem);
  const std::lock_guard lock(mutex);
  const auto [plan, is_new] = plans->try_emplace(to_text(problem), problem);
  emulated::check_may_choose(is_new, to_text(problem));
  return plan->second;
}

}  // namespace s4l::cuda
