// FreeMatch (Wang et al., 2023): FixMatch whose thresholds are moving averages of the network's own confidence, and a
// term for an even use of the classes. With q_j = softmax z(u_j), q^_j its most probable class, Q_j = softmax z(U_j)
// and averages m_t = l m_{t-1} + (1 - l) m_batch that start at 1/K,
//   tau of (1/b_u) sum_j max q_j,  p~ of (1/b_u) sum_j q_j,  h~ of the histogram of q^;  tau(c) = tau p~(c) / max p~
//   L_u = (1/b_u) sum_j [max q_j >= tau(q^_j)] CE(z(U_j), q^_j)
//   L_f = sum_c a_c log m_c,  a = SumNorm(p~ / h~),  m = SumNorm(p- / h-), over those j: p- the mean of Q_j, h- the
//         histogram of their most probable classes
//   L   = (1/b) sum_i CE(z(x_i), y_i) + w L_u + w_f L_f
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/cast.h"
#include "s4l/core/ops/confident_labels.h"
#include "s4l/core/ops/self_adaptive.h"
#include "s4l/core/ops/softmax.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/streams.h"

namespace s4l::methods {
namespace {

class FreeMatch final : public Method {
 public:
  explicit FreeMatch(const MethodOptions& options)
      : weight_(options.value("unlabelled-weight")),
        fairness_weight_(options.value("fairness-weight")),
        decay_(options.value("confidence-decay")),
        confidence_{full({1}, 1.0 / options.classes), full({options.classes}, 1.0 / options.classes),
                    full({options.classes}, 1.0 / options.classes)} {}

  Views views() const override { return {"", {"", kStrongView}}; }
  void visit(nn::Visitor& visitor) override {
    visitor.buffer("confidence.global", confidence_.global);
    visitor.buffer("confidence.probability", confidence_.probability);
    visitor.buffer("confidence.histogram", confidence_.histogram);
  }

  Tensor loss(Step& step) override {
    const Streams batch({step.unlabelled.at(0), step.unlabelled.at(1), step.x}, step.virtual_replicas);
    const Tensor z = step.model.forward(batch.rows(), nn::Mode::train);
    const SoftmaxEntropy classes = softmax_entropy(batch.part(z, 2), step.labels);

    const Tensor q = cast(softmax(batch.part(z, 0).detach()), DType::f32);
    next_ = followed(confidence_, q, decay_);
    const Tensor labels = confident_labels(q, self_adaptive_thresholds(next_));
    const Tensor z_strong = batch.part(z, 1);
    const Tensor unlabelled = softmax_entropy(z_strong, labels).loss;
    const Tensor fair =
        fairness(softmax(z_strong), labels, cast(next_.probability, z.dtype()), cast(next_.histogram, z.dtype()));
    step.metrics.put("train/sup_loss", classes.loss);
    step.metrics.put("train/acc", classes.hit);
    step.metrics.put("train/unsup_loss", unlabelled);
    step.metrics.put("train/fairness_loss", fair);
    step.metrics.put("train/util_ratio", is_labelled(labels));
    step.metrics.put("train/threshold", next_.global);
    return classes.loss + weight_ * unlabelled + fairness_weight_ * fair;
  }

  void after_update(Step&) override {
    copy_(confidence_.global, next_.global);
    copy_(confidence_.probability, next_.probability);
    copy_(confidence_.histogram, next_.histogram);
  }

 private:
  double weight_, fairness_weight_, decay_;
  Confidence confidence_, next_;  // before this step and with it
};

}  // namespace
}  // namespace s4l::methods

S4L_METHOD(freematch, FreeMatch, "FixMatch with thresholds from the network's own confidence, and fair classes",
           {.name = "unlabelled-weight", .value = 1, .help = "weight w of the loss on unlabelled pictures"},
           {.name = "fairness-weight", .value = 0.05, .help = "weight w_f of the fairness term"},
           {.name = "confidence-decay", .value = 0.999, .help = "decay l of the moving averages", .high = 1})
