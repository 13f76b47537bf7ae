#pragma once
#include <cstdint>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "s4l/data/dataset.h"
#include "s4l/data/order.h"
#include "s4l/data/transforms/pipeline.h"

namespace s4l::data {

/// Preprocessed pictures of one size, row after row, in the host's memory.
struct PictureRows {
  Size size;
  std::vector<std::uint8_t> u8;    ///< (n, H, W, 3)
  std::vector<std::uint8_t> flip;  ///< (n)
  std::vector<float> noise;        ///< (n, 7), empty unless the pipeline draws noise for the device
  std::vector<float> range;        ///< (n, 2), empty unless it standardizes
  std::vector<float> exact;        ///< (rotations n, H, W, 3) network input, empty unless it is exact; then u8 is

  PictureRows() = default;
  /// Rows for so many host views of the pipeline.
  PictureRows(std::int64_t views, Size view_size, const Pipeline& pipeline);
  std::int64_t count() const { return static_cast<std::int64_t>(flip.size()); }
  /// Stores the views of a picture, from row pictures before * host views on; a view of another size is an Error(data)
  /// that calls it `path`.
  void put(std::int64_t picture, const std::vector<View>& views, const std::string& path);
};

/// pipeline.run(), whose errors then name the picture as `path`.
std::vector<View> preprocess(const Pipeline& pipeline, Picture picture, Rng& rng, bool train, const std::string& path);

/// What a stream holds in one step.
struct StreamBatch {
  std::vector<PictureRows> views;
  std::vector<std::int64_t> index;                            ///< of the pictures in the data set
  std::vector<std::pair<std::int64_t, std::string>> damaged;  ///< pictures that were met and replaced, and why
};

/// One shuffled, endless stream of pictures. Position p (row p % b of step p / b) depends on seed, stream and p alone.
/// A picture that cannot be decoded is replaced by the next one of the epoch that can.
class PictureStream {
 public:
  /// `number` tells the streams of a run apart. Throws Error(data) if there are no pictures.
  PictureStream(const Dataset& dataset, std::vector<std::int64_t> indices, std::int64_t batch_size,
                const std::vector<std::string>& pipelines, std::uint64_t seed, int number, double max_damaged);

  /// Memory for the batch of a step.
  StreamBatch make_batch() const;
  /// Fills it; returns early, with rows missing, once a stop is requested. Several threads may fill at once.
  void fill(StreamBatch& batch, std::int64_t step, const std::stop_token& stop) const;
  /// So many of the pictures may be damaged.
  std::int64_t allowed_damaged() const { return allowed_damaged_; }
  /// Throws Error(data): `path` is one too many.
  [[noreturn]] void fail_damaged(const std::string& path, const std::string& reason) const;

 private:
  /// A picture that could be decoded, in all of its pipelines' views.
  struct Chosen {
    std::int64_t index;
    std::vector<std::vector<View>> views;
  };
  Chosen read(const Permutation& order, std::int64_t position, StreamBatch& batch) const;
  Picture picture(std::int64_t index) const;
  Chosen preprocessed(std::int64_t index, std::int64_t position) const;

  const Dataset& dataset_;
  std::vector<std::int64_t> indices_;
  std::int64_t batch_size_;
  std::vector<Pipeline> pipelines_;
  std::uint64_t seed_, number_;
  Order order_;
  std::int64_t allowed_damaged_;
  std::vector<Size> sizes_;  // of each view, as the stream's first picture has them
};

}  // namespace s4l::data
