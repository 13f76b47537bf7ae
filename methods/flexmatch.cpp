// FlexMatch (Zhang et al., 2021): FixMatch with a threshold for each class, low while the class is learned badly.
//   L    = (1/b) sum_i CE(z(x_i), y_i) + w (1/b_u) sum_j [max q_j >= T(q^_j)] CE(z(U_j), q^_j)
//   T(c) = M(beta(c)) tau,  M(x) = x / (2 - x),  beta(c) = sigma(c) / max(max_k sigma(k), N - sum_k sigma(k))
// sigma(c) is how many of the N unlabelled pictures were, when seen last with max q > tau, of class c. The second part
// of the denominator is the threshold warm-up: it counts the pictures never seen so.
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/cast.h"
#include "s4l/core/ops/confident_labels.h"
#include "s4l/core/ops/curriculum.h"
#include "s4l/core/ops/softmax.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/streams.h"

namespace s4l::methods {
namespace {

class FlexMatch final : public Method {
 public:
  explicit FlexMatch(const MethodOptions& options)
      : weight_(options.value("unlabelled-weight")),
        tau_(options.value("threshold")),
        warm_up_(options.on("threshold-warmup")),
        pictures_(options.unlabelled),
        seen_(
            from_values(std::vector<std::int32_t>(static_cast<std::size_t>(options.pictures), -1), {options.pictures})),
        counts_(zeros({options.classes}, DType::i64)) {}

  Views views() const override { return {"", {"", kStrongView}}; }
  void visit(nn::Visitor& visitor) override {
    visitor.buffer("seen", seen_);
    visitor.buffer("counts", counts_);
  }

  Tensor loss(Step& step) override {
    const Streams batch({step.unlabelled.at(0), step.unlabelled.at(1), step.x}, step.virtual_replicas);
    const Tensor z = step.model.forward(batch.rows(), nn::Mode::train);
    const SoftmaxEntropy classes = softmax_entropy(batch.part(z, 2), step.labels);

    q_ = cast(softmax(batch.part(z, 0).detach()), DType::f32);
    const Tensor thresholds = curriculum_thresholds(counts_, pictures_, tau_, warm_up_);
    const Tensor labels = confident_labels(q_, thresholds);
    const Tensor unlabelled = softmax_entropy(batch.part(z, 1), labels).loss;
    step.metrics.put("train/sup_loss", classes.loss);
    step.metrics.put("train/acc", classes.hit);
    step.metrics.put("train/unsup_loss", unlabelled);
    step.metrics.put("train/util_ratio", is_labelled(labels));
    step.metrics.put("train/threshold", thresholds);
    return classes.loss + weight_ * unlabelled;
  }

  void after_update(Step& step) override { note_confident_(seen_, counts_, q_, step.index, tau_); }

 private:
  double weight_, tau_;
  bool warm_up_;
  std::int64_t pictures_;  // N
  Tensor seen_, counts_;   // each picture's last confident class, and sigma
  Tensor q_;               // of this step
};

}  // namespace
}  // namespace s4l::methods

S4L_METHOD(flexmatch, FlexMatch, "FixMatch with thresholds that follow how well each class is learned",
           {.name = "unlabelled-weight", .value = 1, .help = "weight w of the loss on unlabelled pictures"},
           {.name = "threshold",
            .value = 0.95,
            .help = "tau: confidence from which an answer is a label",
            .aliases = {"p-cutoff"},
            .high = 1},
           on_off("threshold-warmup", true, "low thresholds while most pictures were never seen confidently (1 or 0)"))
