// Self-supervised pretraining by rotation (spec 2.2): the rotation loss of S4L on unlabelled pictures alone.
//   L = (1/4b_u) sum_j sum_k CE(z^r(u_j^(k)), k)
// No label takes part: classes are read from the frozen features afterwards (--probe), or learned by fine-tuning.
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/methods/method.h"
#include "s4l/nn/layers/linear.h"

namespace s4l::methods {
namespace {

constexpr int kRotations = 4;

class RotationPretrain final : public Method {
 public:
  explicit RotationPretrain(const MethodOptions& options)
      : probe_(options.word("probe")),
        rng_(options.seed, Purpose::init, kHeadStream),
        head_(options.feature_size, kRotations, rng_, options.zero_heads) {}

  Views views() const override { return {"", {"rotate"}}; }
  std::string probe() const override { return probe_; }
  void visit(nn::Visitor& visitor) override { visitor.module("rotations", head_); }

  Tensor loss(Step& step) override {
    const Tensor& rows = step.unlabelled.at(0);
    const Tensor z = head_.forward(step.model.features(rows, nn::Mode::train), nn::Mode::train);
    const SoftmaxEntropy result = softmax_entropy(z, rotation_labels(rows.shape()[0] / kRotations, z.device()));
    step.metrics.put("train/rot_acc", result.hit);
    return result.loss;
  }

 private:
  static constexpr std::uint64_t kHeadStream = 1u << 20;  // apart from the network's own parameters

  std::string probe_;
  Rng rng_;
  nn::Linear head_;
};

}  // namespace
}  // namespace s4l::methods

S4L_METHOD(rotation_pretrain, RotationPretrain, "self-supervised: rotations of all pictures, no labels",
           {.name = "probe",
            .value = "linear",
            .help = "how classes are read from the frozen features",
            .words = {"linear", "knn"}})
