// FixMatch (Sohn et al., 2020): what the network is sure of in a weakly augmented picture it is to say of the strongly
// augmented one. With q_j = softmax z(u_j), no gradient through it, and q^_j its first most probable class,
//   L = (1/b) sum_i CE(z(x_i), y_i) + w (1/b_u) sum_j [max q_j >= tau] CE(z(U_j), q^_j)
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/cast.h"
#include "s4l/core/ops/confident_labels.h"
#include "s4l/core/ops/softmax.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/streams.h"

namespace s4l::methods {
namespace {

class FixMatch final : public Method {
 public:
  explicit FixMatch(const MethodOptions& options)
      : weight_(options.value("unlabelled-weight")), threshold_(options.value("threshold")) {}

  Views views() const override { return {"", {"", kStrongView}}; }

  Tensor loss(Step& step) override {
    const Streams batch({step.unlabelled.at(0), step.unlabelled.at(1), step.x}, step.virtual_replicas);
    const Tensor z = step.model.forward(batch.rows(), nn::Mode::train);
    const SoftmaxEntropy classes = softmax_entropy(batch.part(z, 2), step.labels);

    const Tensor q = cast(softmax(batch.part(z, 0).detach()), DType::f32);
    if (!thresholds_) thresholds_ = full({q.shape()[1]}, threshold_, DType::f32, q.device());
    const Tensor labels = confident_labels(q, thresholds_);
    const Tensor unlabelled = softmax_entropy(batch.part(z, 1), labels).loss;  // a row without label counts as 0
    step.metrics.put("train/sup_loss", classes.loss);
    step.metrics.put("train/acc", classes.hit);
    step.metrics.put("train/unsup_loss", unlabelled);
    step.metrics.put("train/util_ratio", is_labelled(labels));
    return classes.loss + weight_ * unlabelled;
  }

 private:
  double weight_, threshold_;
  Tensor thresholds_;  // the same for every class, on the device
};

}  // namespace
}  // namespace s4l::methods

S4L_METHOD(fixmatch, FixMatch, "confident answers on weak views are the labels of strong views",
           {.name = "unlabelled-weight", .value = 1, .help = "weight w of the loss on unlabelled pictures"},
           {.name = "threshold",
            .value = 0.95,
            .help = "tau: confidence from which an answer is a label",
            .aliases = {"p-cutoff"},
            .high = 1})
