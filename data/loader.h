#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "s4l/core/tensor.h"
#include "s4l/data/dataset.h"
#include "s4l/data/split.h"
#include "s4l/data/transforms/pipeline.h"

namespace s4l::data {

/// Pictures as they leave the host: the device's tail (flip, HSV noise, normalise, rotate) is still to come.
struct Pictures {
  Tensor u8;           ///< (n, H, W, 3); the host's views of a picture are adjacent
  PictureDraws draws;  ///< of n rows
  Tensor exact{};      ///< instead of u8: the network rows, which an exact pipeline computes on the host

  std::int64_t count() const { return draws.flip.numel(); }
  /// Every tensor, those that are empty too.
  std::array<Tensor*, 5> tensors() { return {&u8, &exact, &draws.flip, &draws.noise, &draws.range}; }
  /// Network rows (rotations n, H, W, 3) f32: one kernel.
  Tensor rows(const RotationBatchOptions& tail) const { return exact ? exact : rotation_batch(u8, {}, draws, tail); }
};

struct PictureRows;
/// The rows as tensors of `device`.
Pictures on_device(const PictureRows& rows, Device device);

/// What one step reads. Its tensors lie in one of two slots with fixed addresses, used in turn: valid for work that is
/// queued before the next call of next().
struct Batch {
  Pictures labelled;
  Tensor labels;                     ///< of `labelled`: (n) i32, or (n, K) f32 rows of LoaderOptions::class_weights
  std::vector<Pictures> unlabelled;  ///< one entry per unlabelled view, of the same pictures
  Tensor index;                      ///< (n_u) i64: which pictures of the data set `unlabelled` holds

  /// Every tensor, those that are empty too, always in the same order.
  std::vector<Tensor*> tensors();
};

struct StreamOptions {
  std::int64_t batch_size = 0;         ///< pictures per step
  std::vector<std::string> pipelines;  ///< one per view
};

struct LoaderOptions {
  StreamOptions labelled, unlabelled;  ///< unlabelled.pipelines may be empty: no unlabelled stream
  std::uint64_t seed = 0;
  int workers = 2;         ///< threads that decode; 0: the caller does
  int prefetch = 4;        ///< batches ready ahead
  double max_damaged = 1;  ///< percent of a stream's pictures
  /// By class. Given, a label is a row: its class's weight at its class, 0 elsewhere, so that a cross entropy with it
  /// is that weight times the class's.
  std::vector<float> class_weights;
  Device device;
};

/// An endless stream of batches: each stream is shuffled epoch after epoch without repeats or losses (a batch may
/// span epochs). What step t holds depends on the seed and t alone, not on workers or prefetch. A picture that cannot
/// be decoded is replaced by the next one of its epoch that can; more than max_damaged of a stream's damaged, and more
/// than one, is an Error(data).
class Loader {
 public:
  /// `dataset` outlives the loader. Throws Error(data) where a stream has no pictures, and later, naming the picture,
  /// where a view's pictures come out in different sizes.
  Loader(const Dataset& dataset, const Split& split, LoaderOptions options);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// The batch of the next step; waits for the workers. An error of a worker is thrown here.
  Batch next();
  /// Continues at `step` (0-based): the next batch is that step's.
  void seek(std::int64_t step);
  std::int64_t step() const;
  /// Seconds next() has waited for the workers so far.
  double waited() const;
  /// The damaged pictures that the batches so far have met. May be called from any thread.
  std::vector<Damaged> damaged() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Pictures of `indices` [begin, end) preprocessed for evaluation, on every core, with their labels (i32, -1 for none).
/// One that cannot be decoded is black and without a label, and named in `damaged`.
struct EvalBatch {
  Pictures pictures;
  Tensor labels;
  std::vector<Damaged> damaged;
};
EvalBatch eval_batch(const Dataset& dataset, const std::vector<std::int64_t>& indices, std::int64_t begin,
                     std::int64_t end, const Pipeline& pipeline, Device device);

}  // namespace s4l::data
