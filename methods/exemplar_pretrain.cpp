// Self-supervised pretraining by exemplar (spec 2.2): the triplet loss of S4L on unlabelled pictures alone.
//   L = mean over the rows j of log(1 + exp(p_j - n_j)), on e_j = z^e_j / |z^e_j|, within one virtual replica
// No label takes part: classes are read from the frozen features afterwards (--probe), or learned by fine-tuning.
#include "s4l/core/ops/l2_normalize.h"
#include "s4l/core/ops/rotation_batch.h"
#include "s4l/core/ops/triplet.h"
#include "s4l/methods/method.h"
#include "s4l/nn/layers/linear.h"

namespace s4l::methods {
namespace {

class ExemplarPretrain final : public Method {
 public:
  explicit ExemplarPretrain(const MethodOptions& options)
      : probe_(options.word("probe")),
        rng_(options.seed, Purpose::init, kHeadStream),
        head_(options.feature_size, static_cast<std::int64_t>(options.value("triplet-embed-dim")), rng_) {}

  // The views of a picture are the pipeline's: crop_inception_patches(8, ...).
  Views views() const override { return {"", {""}}; }
  std::string probe() const override { return probe_; }
  void visit(nn::Visitor& visitor) override { visitor.module("embeddings", head_); }

  Tensor loss(Step& step) override {
    const Tensor& x = step.unlabelled.at(0);
    const std::int64_t rows = x.shape()[0], views = rows / step.index.shape()[0];
    const Tensor e = l2_normalize(head_.forward(step.model.features(x, nn::Mode::train), nn::Mode::train));
    return triplet(e, picture_labels(rows, views, e.device()), step.virtual_replicas).loss;
  }

 private:
  static constexpr std::uint64_t kHeadStream = (1u << 20) + 1;  // apart from the network's own parameters

  std::string probe_;
  Rng rng_;
  nn::Linear head_;
};

}  // namespace
}  // namespace s4l::methods

S4L_METHOD(exemplar_pretrain, ExemplarPretrain, "self-supervised: crops of one picture together, no labels",
           {.name = "probe",
            .value = "linear",
            .help = "how classes are read from the frozen features",
            .words = {"linear", "knn"}},
           {.name = "triplet-embed-dim",
            .value = 1000,
            .help = "size of the embedding",
            .low = 1,
            .high = 65536,
            .whole = true})
