// Mean Teacher (Tarvainen and Valpola, 2017): the network is to say of an unlabelled picture what an average of its
// own past weights says of another view of it.
//   L  = (1/b) sum_i CE(z(x_i), y_i) + w(t) (1/b_u) sum_j (1/K) |softmax z(u_j) - softmax z'(u'_j)|^2
//   theta'_t = a theta'_{t-1} + (1 - a) theta_t,  a = 0.99 while t < T, then 0.999
//   w(t) = w exp(-5 (1 - min(t / T, 1))^2)
// z' has the weights theta' and its rows' own batch statistics; no gradient flows through it.
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/cast.h"
#include "s4l/core/ops/softmax.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/core/ops/squared_error.h"
#include "s4l/core/ops/unary.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/streams.h"
#include "s4l/methods/training/teacher.h"

namespace s4l::methods {
namespace {

class MeanTeacher final : public Method {
 public:
  explicit MeanTeacher(const MethodOptions& options)
      : weight_(options.value("consistency-weight")),
        ramp_up_(options.value("ramp-up-steps")),
        teacher_(options.network(), {options.value("teacher-decay-early"), options.value("teacher-decay"), ramp_up_}) {}

  Views views() const override { return {"", {"", ""}}; }
  void visit(nn::Visitor& visitor) override { teacher_.visit(visitor); }

  Tensor loss(Step& step) override {
    const Streams batch({step.unlabelled.at(0), step.x}, step.virtual_replicas);
    const Tensor z = step.model.forward(batch.rows(), nn::Mode::train);
    const SoftmaxEntropy classes = softmax_entropy(batch.part(z, 1), step.labels);

    const Tensor taught = softmax(teacher_.logits(step.unlabelled.at(1)));
    const Tensor consistency = squared_error(softmax(batch.part(z, 0)), taught);
    step.metrics.put("train/sup_loss", classes.loss);
    step.metrics.put("train/acc", classes.hit);
    step.metrics.put("train/unsup_loss", consistency);
    return classes.loss + weight_ * scale_by(consistency, ramp(consistency));
  }

  void after_update(Step&) override { teacher_.follow(); }

 private:
  /// exp(-5 (1 - min(t / T, 1))^2), on the device.
  Tensor ramp(const Tensor& like) const {
    if (ramp_up_ == 0) return full({1}, 1, like.dtype(), like.device());
    const Tensor t = cast(teacher_.updates(), like.dtype());
    const Tensor left = relu(full({1}, 1, like.dtype(), like.device()) + (-1 / ramp_up_) * t);
    return exp(-5 * square(left));
  }

  double weight_, ramp_up_;
  Teacher teacher_;
};

}  // namespace
}  // namespace s4l::methods

S4L_METHOD(
    mean_teacher, MeanTeacher, "agree with an average of one's own past weights on unlabelled pictures",
    {.name = "consistency-weight", .value = 100, .help = "weight w of the consistency loss"},
    {.name = "ramp-up-steps", .value = 40000, .help = "steps T over which w is ramped up"},
    {.name = "teacher-decay", .value = 0.999, .help = "how slowly the teacher follows, from step T on", .high = 1},
    {.name = "teacher-decay-early", .value = 0.99, .help = "and before", .high = 1})
