#include "s4l/apps/settings/rows.h"
#include "s4l/core/error.h"

namespace s4l::apps {
namespace {

void check_optimizer(RunOptions&, const std::string& text) {
  check(text == "sgd" || text == "SGD", "expected sgd, the only optimizer, got \"{}\"", text);
}

}  // namespace

std::vector<Row> training_rows() {
  const std::string s = "training";
  return {
      Row(s, kCommon, "steps", "N", &RunOptions::steps, "steps of training; 0: by the number of pictures")
          .aliases({"num-train-iter"})
          .chosen_by("the number of pictures, or --epochs"),
      Row(s, kCommon, "epochs", "X", &RunOptions::epochs, "instead of steps: passes over the labelled pictures")
          .aliases({"epoch"}),
      Row(s, kCommon, "batch-size", "N", &RunOptions::batch_size,
          "labelled pictures a step; 0: by the number of labels")
          .letter('b')
          .aliases({"batch"})
          .chosen_by("the device and the number of labels"),
      Row(s, kCommon, "lr", "X", &RunOptions::lr, "learning rate after warm-up").aliases({"lr0"}),
      Row(s, kCommon, "seed", "N", &RunOptions::seed, "of labels, weights and order").aliases({"random-seed"}),
      Row(s, kRare, "uratio", "X", &RunOptions::uratio, "unlabelled pictures for each labelled one")
          .aliases({"unsup-batch-mult"}),
      Row(s, kRare, "sched", "NAME", &RunOptions::sched, "cosine, or epochs of warm-up, drops and end: 5,140,160,200")
          .aliases({"schedule"}),
      Row(s, kRare, "lr-scale-batch-size", "N", &RunOptions::lr_scale_batch_size,
          "lr is for N labelled pictures a step; 0: as is"),
      Row(s, kRare, "lr-decay-factor", "X", &RunOptions::lr_decay_factor, "at each drop of a list of epochs"),
      Row(s, kRare, "warmup-steps", "N", &RunOptions::warmup_steps, "steps of linear warm-up"),
      Row(s, kRare, "warmup-epochs", "X", &RunOptions::warmup_epochs, "or so many passes over the labelled pictures"),
      Row(s, kRare, "opt", "NAME", Reader{check_optimizer}, "the optimizer: sgd, the one there is")
          .aliases({"optim", "optimizer"}),
      Row(s, kRare, "momentum", "X", &RunOptions::momentum, "of SGD"),
      Row(s, kRare, "nesterov", "", &RunOptions::nesterov, "Nesterov's momentum; --no-nesterov: plain"),
      Row(s, kRare, "weight-decay", "X", &RunOptions::weight_decay, "on kernels"),
      Row(s, kRare, "clip-grad", "X", &RunOptions::clip_grad, "cut a longer gradient to this length; 0: no"),
      Row(s, kRare, "patience", "N", &RunOptions::patience, "end after N validations without a better one; 0: no"),
      Row(s, kRare, "ema-decay", "X", &RunOptions::ema_decay, "average the weights (Polyak); 0: no")
          .aliases({"ema-m", "model-ema-decay"}),
      Row(s, kRare, "polyak-averaging", "", &RunOptions::polyak_averaging,
          "the same with a half-life of one labelled epoch")
          .aliases({"model-ema"}),
      Row(s, kRare, "amp", "bf16|f16|off", &RunOptions::amp,
          "mixed precision on a GPU: bf16, or f16 with a scaled loss; off")
          .aliases({"amp-dtype"}),
      Row(s, kRare, "virtual-replicas", "N", &RunOptions::virtual_replicas, "groups of batch norm, triplets and VAT"),
      Row(s, kRare, "cross-replica-bn", "", &RunOptions::cross_replica_bn, "batch norm over all groups as one"),
  };
}

}  // namespace s4l::apps
