// S4L-Exemplar (spec 2.4): P independent crops of every picture; labelled ones teach the class, and those of one
// picture are to lie nearer to each other than to any other picture's.
//   L_class  = (1/Pb) sum_i sum_p CE(z^c(x_ip), y_i)
//   L_tri(S) = mean over the rows j of S of log(1 + exp(p_j - n_j)), on e_j = z^e_j / |z^e_j|
//   L_ex     = mean of the enabled of L_tri(unlabelled), L_tri(labelled), each within one virtual replica
//   L        = L_class + w L_ex
#include "s4l/core/ops/add.h"
#include "s4l/core/ops/l2_normalize.h"
#include "s4l/core/ops/rotation_batch.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/core/ops/triplet.h"
#include "s4l/methods/method.h"
#include "s4l/methods/training/streams.h"
#include "s4l/nn/layers/linear.h"

namespace s4l::methods {
namespace {

class Exemplar final : public Method {
 public:
  explicit Exemplar(const MethodOptions& options)
      : weight_(options.value("triplet-weight")),
        on_unlabelled_(options.on("triplet-loss-unsup")),
        on_labelled_(options.on("triplet-loss-sup")),
        released_(options.word("exemplar-identity") == "released"),
        rng_(options.seed, Purpose::init, kHeadStream),
        head_(options.feature_size, static_cast<std::int64_t>(options.value("triplet-embed-dim")), rng_) {}

  // The P views are the pipeline's: crop_inception_patches(8, ...).
  Views views() const override { return on_unlabelled_ ? Views{"", {""}} : Views{"", {}}; }
  void visit(nn::Visitor& visitor) override { visitor.module("embeddings", head_); }

  Tensor loss(Step& step) override {
    std::vector<Tensor> streams;  // [unlabelled ; labelled], the order batch norm sees (spec 2.0.4)
    if (on_unlabelled_) streams.push_back(step.unlabelled.at(0));
    streams.push_back(step.x);
    const Streams batch(streams, step.virtual_replicas);
    const Tensor features = step.model.features(batch.rows(), nn::Mode::train);

    const int labelled = on_unlabelled_ ? 1 : 0;
    const auto views = static_cast<int>(step.x.shape()[0] / step.labels.shape()[0]);
    const Tensor z = step.model.logits(batch.part(features, labelled));
    const SoftmaxEntropy classes = softmax_entropy(z, repeat_labels(step.labels, views));
    step.metrics.put("train/sup_loss", classes.loss);
    step.metrics.put("train/acc", classes.hit);

    const Tensor e = l2_normalize(head_.forward(features, nn::Mode::train));
    std::vector<Tensor> terms;
    if (on_unlabelled_) terms.push_back(triplet_loss(step, batch.part(e, 0), views));
    if (on_labelled_) terms.push_back(triplet_loss(step, batch.part(e, labelled), views));
    if (terms.empty()) return classes.loss;
    const Tensor exemplar = terms.size() == 1 ? terms[0] : 0.5 * (terms[0] + terms[1]);
    step.metrics.put("train/triplet_loss", exemplar);
    return classes.loss + weight_ * exemplar;
  }

 private:
  static constexpr std::uint64_t kHeadStream = (1u << 20) + 1;  // apart from the network's own parameters

  /// The rows of one picture are of one identity. The released program exchanges two arguments: there the rows of a
  /// replica fall into P identities of as many neighbouring rows as it has pictures.
  Tensor triplet_loss(const Step& step, const Tensor& e, int views) const {
    const std::int64_t rows = e.shape()[0], pictures = rows / step.virtual_replicas / views;
    const Tensor identity = picture_labels(rows, released_ ? pictures : views, e.device());
    return triplet(e, identity, step.virtual_replicas).loss;
  }

  double weight_;
  bool on_unlabelled_, on_labelled_, released_;
  Rng rng_;
  nn::Linear head_;
};

}  // namespace
}  // namespace s4l::methods

S4L_METHOD(
    exemplar, Exemplar, "S4L-Exemplar: classes of the labelled, crops of one picture together",
    {.name = "triplet-weight", .value = 1, .help = "weight w of the triplet loss", .aliases = {"triplet-loss-weight"}},
    on_off("triplet-loss-unsup", true, "triplet loss on unlabelled pictures (1 or 0)"),
    on_off("triplet-loss-sup", true, "triplet loss on labelled pictures (1 or 0)"),
    {.name = "triplet-embed-dim",
     .value = 1000,
     .help = "size of the embedding",
     .low = 1,
     .high = 65536,
     .whole = true},
    {.name = "exemplar-identity",
     .value = "intended",
     .help = "which rows are one picture's: sound, or as released",
     .aliases = {"exemplar-label-mode"},
     .words = {"intended", "released"}})
