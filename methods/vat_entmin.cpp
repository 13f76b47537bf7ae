// VAT + EntMin (spec 2.6, 2.7): VAT, and sure answers for the pictures as they are.
//   L_ent = (1/n) sum_i H(softmax z(v_i)), over the rows v that VAT has: those of both streams
//   L     = L_class + w L_vat + w_ent L_ent
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/streams.h"
#include "s4l/methods/training/vat_term.h"

namespace s4l::methods {
namespace {

class VatEntmin final : public Method {
 public:
  explicit VatEntmin(const MethodOptions& options)
      : vat_(options),
        weight_(options.value("vat-weight")),
        entropy_weight_(options.value("entmin-weight")),
        on_labelled_(options.on("vat-labelled")) {}

  Views views() const override { return {"", {""}}; }

  Tensor loss(Step& step) override {
    const Streams batch({step.unlabelled.at(0), step.x}, step.virtual_replicas);
    const Tensor z = step.model.forward(batch.rows(), nn::Mode::train);
    const SoftmaxEntropy classes = softmax_entropy(batch.part(z, 1), step.labels);
    step.metrics.put("train/sup_loss", classes.loss);
    step.metrics.put("train/acc", classes.hit);

    const Tensor rows = on_labelled_ ? batch.rows() : step.unlabelled[0];
    const Tensor answers = on_labelled_ ? z : batch.part(z, 0);
    const Tensor entropy = softmax_entropy(answers, {}, {.cross_entropy = 0, .entropy = 1}).loss;
    step.metrics.put("train/entmin_loss", entropy);
    const Tensor divergence = vat_.loss(step, rows, answers, on_labelled_);
    return classes.loss + weight_ * divergence + entropy_weight_ * entropy;
  }

 private:
  VatTerm vat_;
  double weight_, entropy_weight_;
  bool on_labelled_;
};

}  // namespace
}  // namespace s4l::methods

S4L_METHOD(
    vat_entmin, VatEntmin, "VAT, and low entropy of the answers",
    with_vat_options(
        40, 0.5,
        {{.name = "entmin-weight", .value = 1, .help = "weight of the answers' entropy", .aliases = {"entmin-factor"}},
         on_off("vat-labelled", true, "VAT on labelled pictures too (1 or 0)", {"apply-vat-to-labeled"})}))
