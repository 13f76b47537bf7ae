#pragma once
#include <memory>
#include <string>
#include <vector>

#include "s4l/methods/method.h"
#include "s4l/nn/layers/batch_norm.h"
#include "s4l/nn/layers/conv2d.h"
#include "s4l/nn/layers/linear.h"
#include "s4l/nn/walk.h"
#include "s4l/tests/support/near.h"

namespace s4l::test {

/// Convolution 3x3, batch norm with ReLU, mean over the picture, linear head: small enough to be stated twice, with
/// everything that couples rows. Counts what is asked of it.
struct SmallNetwork final : nn::Classifier {
  static constexpr std::int64_t kChannels = 4, kClasses = 3;
  Rng rng{1, Purpose::test};
  nn::Conv2d conv{{.in = 3, .out = kChannels}, rng};
  nn::BatchNorm norm{kChannels, {.relu = true}};
  nn::Linear head{kChannels, kClasses, rng};
  std::vector<nn::Mode> passes;         ///< forward passes so far
  std::vector<std::int64_t> pass_rows;  ///< and their rows

  Tensor features(const Tensor& x, nn::Mode mode) override;
  Tensor logits(const Tensor& f) override { return head.forward(f, nn::Mode::eval); }
  std::int64_t feature_size() const override { return kChannels; }
  void visit(nn::Visitor& visitor) override;
};

/// What a method is made with beside its options.
struct LearnerOptions {
  int stage = 1;
  std::int64_t unlabelled = 100;  ///< pictures, of 100 in all
};

/// A network and a method as one module, as the trainer has them. Parameter k's element i starts at sin(0.7 i + k) / 2
/// (batch norm's scale: plus 1), in `dtype`.
struct Learner final : nn::Module {
  using Values = std::vector<std::pair<std::string, methods::OptionValue>>;
  SmallNetwork network;
  std::unique_ptr<methods::Method> method;
  explicit Learner(const std::string& name, Values values = {}, DType dtype = DType::f32,
                   const LearnerOptions& how = {});
  Tensor forward(const Tensor& x, nn::Mode mode) override { return network.forward(x, mode); }
  void visit(nn::Visitor& visitor) override;
};

/// What step t shows: four labelled pictures, and four in each view of the unlabelled ones that `method` asks for, all
/// in `rotations` rotations.
struct Pictures {
  Tensor x, labels, index, random;
  std::vector<Tensor> unlabelled;
  methods::Metrics metrics;

  Pictures(const methods::Method& method, int t, int rotations, DType dtype);
  methods::Step step(Learner& learner, int virtual_replicas = 1);
};

/// Pictures (n, 4, 4, 3) with values of (i 37 + salt 11) mod 256, from -1 to 1, each in `rotations` rotations.
Tensor pictures(std::int64_t n, int salt, int rotations, DType dtype);

}  // namespace s4l::test
