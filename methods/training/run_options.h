#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "s4l/core/device/device.h"
#include "s4l/methods/method_option.h"

namespace s4l::methods {

/// Everything that decides what a run computes, as plain values: what config.toml holds. Zero or empty means "follows
/// from the rest" where a comment says so; Run fills those in.
struct RunOptions {
  std::string method = "rotation";
  int stage = 0;  ///< which stage of a method that has several, from 1; 0: all, one after another (chain.h)

  // data
  std::string dataset;                                 ///< empty: "things", or what `data` is seen to hold
  std::string data;                                    ///< folder or file of the pictures, for data sets that have one
  std::vector<std::string> unlabeled;                  ///< further folders or .tar files of pictures without labels
  std::map<std::string, std::string> dataset_options;  ///< e.g. {"train", "500"} for things
  std::uint64_t data_seed = 0;                         ///< of generated pictures
  std::string labels = "10";                           ///< "10" or "10%" of the labels, "40n": 40 in all
  std::int64_t labels_per_class = -1;                  ///< instead of `labels`
  std::string pseudo_labels;                           ///< guesses that stand for the labels not known: a CSV file
  std::string labels_file;                             ///< who is labelled, instead of `labels` (split_formats.h)
  double val_fraction = 0.2;                           ///< of the labels, for validation
  std::string sampler = "shuffled";                    ///< of the labelled pictures; or "balanced": classes evenly
  std::string class_weights = "none";                  ///< of the labels' loss; or "balanced": by class frequency
  bool strict = false;                                 ///< stop at the first damaged picture
  double max_damaged = 1;                              ///< percent of the pictures
  double cache = 1;                                    ///< GiB of memory for decoded pictures

  // network
  std::string model;       ///< empty: that of `pretrained`, else by the device and the pictures
  std::string pretrained;  ///< weights file to start from; empty: from random weights
  double width = 1;
  bool zero_heads = false;
  double bn_momentum = 0;    ///< of the running statistics; 0: 0.99, less in runs under 5,000 steps
  double bn_epsilon = 0;     ///< 0: that of `pretrained`, else 1e-3
  std::string pool_padding;  ///< of the stem's pool: "zero", or "lowest": it never wins; empty: likewise, else zero
  int img_size = 0;          ///< 0: the pictures' own where they are small and equal, else the model's

  // preprocessing: what is common to both streams; the method adds its own views. Empty: by the pictures' sizes
  std::string augment;
  std::string preprocess_eval;
  bool exact_preprocessing = false;  ///< levels are not rounded between operations, everything on the host: slower

  // optimisation
  std::int64_t batch_size = 0;  ///< labelled pictures a step; 0: by the device and the number of labels
  double uratio = 2;            ///< unlabelled pictures for each labelled one
  std::int64_t steps = 0;       ///< 0: by the device and the number of pictures
  double epochs = 0;            ///< over the labelled pictures; more than 0: instead of `steps`
  double lr = 0.07;
  double lr_scale_batch_size = 0;  ///< more than 0: lr is for so many labelled pictures a step (2.0.3)
  double lr_decay_factor = 0.1;    ///< at each decay point of a list of epochs
  std::string sched = "cosine";    ///< or a list of labelled epochs "5,140,160,180,200" (spec 2.0.3)
  std::int64_t warmup_steps = 30;
  double warmup_epochs = 0;  ///< over the labelled pictures; more than 0: instead of `warmup_steps`
  double momentum = 0.9;
  bool nesterov = false;
  double weight_decay = 1e-3;
  double ema_decay = 0;                               ///< Polyak averaging; 0: none
  bool polyak_averaging = false;                      ///< with the spec's decay: half-life one labelled epoch (2.0.6)
  double clip_grad = 0;                               ///< greatest length of the gradient of all parameters; 0: any
  int virtual_replicas = 1;                           ///< batch-norm groups (spec 7)
  std::string amp = "off";                            ///< mixed precision: features in "bf16" or "f16", on a GPU
  bool cross_replica_bn = false;                      ///< batch norm sees all groups as one (spec 2.0.4)
  std::map<std::string, OptionValue> method_options;  ///< e.g. {"rot-weight", 4}

  // the run
  std::uint64_t seed = 0;
  std::int64_t eval_batch = 256;
  std::int64_t log_interval = 10;
  std::int64_t eval_interval = 0;        ///< steps between validations; 0: a tenth of the run
  std::int64_t patience = 0;             ///< validations without a better one that end the training; 0: never
  std::int64_t checkpoint_interval = 0;  ///< steps between checkpoints; 0: a tenth of the run
  int keep_checkpoints = 2;
  int workers = 2;
  int prefetch = 4;
  std::string device = to_text(default_device());
};

}  // namespace s4l::methods
