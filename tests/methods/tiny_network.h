#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "s4l/core/ops/pool.h"
#include "s4l/methods/method.h"
#include "s4l/nn/layers/batch_norm.h"
#include "s4l/nn/layers/conv2d.h"
#include "s4l/nn/layers/linear.h"
#include "s4l/nn/optim/sgd.h"

namespace s4l::test {

/// A formula for numbers that PyTorch's side computes too (tests/golden/make_methods.py), so that no input is stored:
/// amplitude * sin(0.7 i + offset) * cos(0.011 i + offset).
Tensor wave(Shape shape, double offset, double amplitude = 1, DType dtype = DType::f32);

/// Two convolutions with batch norm, and a head: 3 channels to 4 to 5 to `classes`. Its weights are waves.
struct TinyNetwork final : nn::Classifier {
  explicit TinyNetwork(int classes = 3);
  Tensor features(const Tensor& x, nn::Mode mode) override;
  Tensor logits(const Tensor& f) override { return head.forward(f, nn::Mode::eval); }
  std::int64_t feature_size() const override { return 5; }
  void visit(nn::Visitor& visitor) override;

  Rng rng{0, Purpose::init};
  nn::Conv2d conv1, conv2;
  nn::BatchNorm norm1, norm2;
  nn::Linear head;
  std::int64_t forwards = 0, rows = 0;  ///< passes through features(), and their rows
};

/// What one step shows: 4 labelled pictures and some views of 6 unlabelled ones, of 6x6 pixels, all waves.
struct WaveBatch {
  Tensor x, labels, index;
  std::vector<Tensor> unlabelled;
};

/// A method with the tiny network, trained by plain SGD on waves.
class MethodBench {
 public:
  using Options = std::vector<std::pair<std::string, methods::OptionValue>>;
  MethodBench(const std::string& method, Options options, DType dtype = DType::f32);

  /// The loss of step t with the weights as they are.
  Tensor loss(int t);
  /// The same step with gradient, update and after_update(); returns its loss.
  double train(int t);
  /// Every parameter and buffer of network and method by name.
  std::vector<std::pair<std::string, Tensor>> state();

  TinyNetwork network;
  std::unique_ptr<methods::Method> method;

 private:
  methods::Step step(int t);

  DType dtype_;
  WaveBatch batch_;
  methods::Metrics metrics_;
  std::unique_ptr<nn::Module> whole_;
  std::unique_ptr<nn::Sgd> optimizer_;
};

/// Trains and compares with PyTorch's numbers of tests/golden/methods.inc called "<name>/...": the losses of 20 steps,
/// and every tensor after 3.
void check_against_pytorch(const std::string& name, const std::string& method, const MethodBench::Options& options);
/// Compares the gradient of the whole loss with central differences along every parameter of the network, in f64.
void check_whole_gradient(const std::string& method, const MethodBench::Options& options);

/// What one step launches and how often the network runs.
struct StepCount {
  std::int64_t forwards = 0, backwards = 0, rows = 0, launches = 0;
};
StepCount count_step(const std::string& method, const MethodBench::Options& options);

}  // namespace s4l::test
