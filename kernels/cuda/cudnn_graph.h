#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "s4l/kernels/cuda/conv2d_plan.h"

struct cudnnContext;

namespace s4l::cuda {

/// The device that plans are made for: that of a handle, or without one the device that `properties` describes.
struct CudnnDevice {
  cudnnContext* handle = nullptr;
  std::string properties;  ///< cuDNN's device properties, JSON
};

/// A convolution as a graph of cuDNN. Only the .cpp sees cudnn-frontend, which takes long to compile.
class CudnnGraph {
 public:
  /// Refused by cuDNN: an Error with the call, the problem and cuDNN's name for the reason.
  CudnnGraph(const Conv2dProblem& problem, const CudnnDevice& device);
  ~CudnnGraph();

  /// How many plans the heuristics announce, the one they think fastest first. Less than that can be finalised.
  /// Plans that sum in an order of their own are left out, and for f32 without tf32 those that round the factors.
  int candidates();
  /// What cuDNN said when it last refused, on one line.
  const std::string& refusal() const;
  /// Makes the plan ready to run; false if cuDNN then refuses it.
  bool finalise(int candidate);
  /// Engine and knobs, "eng45_k2=5_k5=4_k14=4": the same on the same kind of device with the same cuDNN.
  std::string id(int candidate) const;
  /// Finalises the candidate with this id; its number, or none where cuDNN names it no more. In place of candidates().
  std::optional<int> recall(const std::string& id);
  /// Bytes.
  std::size_t workspace(int candidate) const;
  void run(int candidate, const Conv2dOperands& operands, void* workspace) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// "9.19.0"
std::string cudnn_version();

}  // namespace s4l::cuda
