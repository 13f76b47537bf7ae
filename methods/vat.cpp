// VAT (spec 2.6): the answer for a picture must not change when it moves in the direction that changes it most.
//   L_class = (1/b) sum_i CE(z(x_i), y_i)
//   L_vat   = (1/n) sum_i KL(softmax net(v_i + eps d_i) || softmax z(v_i)), over the rows v of both streams
//   L       = L_class + w L_vat
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/streams.h"
#include "s4l/methods/training/vat_term.h"

namespace s4l::methods {
namespace {

class Vat final : public Method {
 public:
  explicit Vat(const MethodOptions& options)
      : vat_(options), weight_(options.value("vat-weight")), on_labelled_(options.on("vat-labelled")) {}

  Views views() const override { return {"", {""}}; }

  Tensor loss(Step& step) override {
    const Streams batch({step.unlabelled.at(0), step.x}, step.virtual_replicas);
    const Tensor z = step.model.forward(batch.rows(), nn::Mode::train);
    const SoftmaxEntropy classes = softmax_entropy(batch.part(z, 1), step.labels);
    step.metrics.put("train/sup_loss", classes.loss);
    step.metrics.put("train/acc", classes.hit);
    const Tensor divergence = on_labelled_ ? vat_.loss(step, batch.rows(), z, true)
                                           : vat_.loss(step, step.unlabelled[0], batch.part(z, 0), false);
    return classes.loss + weight_ * divergence;
  }

 private:
  VatTerm vat_;
  double weight_;
  bool on_labelled_;
};

}  // namespace
}  // namespace s4l::methods

S4L_METHOD(vat, Vat, "virtual adversarial training on all pictures",
           with_vat_options(40, 0.5,
                            {on_off("vat-labelled", true, "VAT on labelled pictures too (1 or 0)",
                                    {"apply-vat-to-labeled"})}))
