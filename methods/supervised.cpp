// Supervised training on the labelled pictures alone (spec 2.1): L = mean_i CE(z(x_i), y_i), over every view of a
// picture where the pipeline makes several.
#include "s4l/core/ops/rotation_batch.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/methods/method.h"

namespace s4l::methods {
namespace {

class Supervised final : public Method {
 public:
  explicit Supervised(const MethodOptions&) {}

  Views views() const override { return {"", {}}; }

  Tensor loss(Step& step) override {
    const auto views = static_cast<int>(step.x.shape()[0] / step.labels.shape()[0]);
    const Tensor labels = views == 1 ? step.labels : repeat_labels(step.labels, views);
    const SoftmaxEntropy result = softmax_entropy(step.model.forward(step.x, nn::Mode::train), labels);
    step.metrics.put("train/acc", result.hit);
    return result.loss;
  }
};

}  // namespace
}  // namespace s4l::methods

S4L_METHOD(supervised, Supervised, "labelled pictures alone, the baseline")
