#pragma once
#include <string>

#include "s4l/core/error.h"
#include "s4l/kernels/cuda/conv2d_plan.h"

namespace s4l::test {

/// What the plan of `problem` on the first GPU says to these operands; empty if it runs.
inline std::string refusal(const cuda::Conv2dProblem& problem, const cuda::Conv2dOperands& operands, void* workspace) {
  const Device device{Device::Kind::cuda, 0};
  const Stream stream = compute_stream(device);
  try {
    cuda::conv2d_plan(problem, operands, stream).run(operands, workspace, stream);
  } catch (const Error& error) {
    return error.what();
  }
  runtime(device).synchronize(stream);
  return "";
}

}  // namespace s4l::test
