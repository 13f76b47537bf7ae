// Pseudo-labels (spec 2.5): a network trained on the labelled pictures answers for all others; then another one learns
// from scratch from all pictures with these answers as labels.
//   stage 1, the teacher: L = (1/b) sum_i CE(z(x_i), y_i), over the labelled pictures
//   stage 2:              the same over all pictures, y_i the true label where it is known, else the teacher's answer
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/methods/method.h"

namespace s4l::methods {
namespace {

class PseudoLabel final : public Method {
 public:
  static std::vector<Stage> stages() { return {{.name = "teacher"}, {.name = "guesses", .guesses = true}}; }

  explicit PseudoLabel(const MethodOptions&) {}

  Views views() const override { return {"", {}}; }

  Tensor loss(Step& step) override {
    const SoftmaxEntropy result = softmax_entropy(step.model.forward(step.x, nn::Mode::train), step.labels);
    step.metrics.put("train/acc", result.hit);
    return result.loss;
  }
};

}  // namespace
}  // namespace s4l::methods

S4L_METHOD(pseudo_label, PseudoLabel, "train, answer for all pictures, and train on the answers",
           {.name = "pseudo-label-key",
            .value = "centre",
            .help = "whose guess: of the centre crop, or of the average of 5 crops x 4 rotations",
            .words = {"centre", "average"}})
