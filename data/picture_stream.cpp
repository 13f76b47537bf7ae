#include "s4l/data/picture_stream.h"

#include <algorithm>
#include <array>

#include "s4l/core/error.h"

namespace s4l::data {
namespace {

constexpr std::uint64_t kMostViews = 16;  // so many random numbers' streams are kept for each stream of pictures

std::size_t bytes_of(Size size) {
  return static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width) * 3;
}

/// A picture whose file is damaged, as opposed to one that does not suit the pipeline.
struct Undecodable : Error {
  using Error::Error;
};

}  // namespace

PictureRows::PictureRows(std::int64_t views, Size view_size, const Pipeline& pipeline) : size(view_size) {
  const auto rows = static_cast<std::size_t>(views);
  if (pipeline.exact())
    exact.resize(rows * static_cast<std::size_t>(pipeline.tail().rotations) * bytes_of(size));
  else
    u8.resize(rows * bytes_of(size));
  flip.resize(rows);
  if (pipeline.draws_noise()) noise.resize(rows * HsvNoise::kNumbers);
  if (pipeline.standardizes()) range.resize(rows * 2);
}

void PictureRows::put(std::int64_t picture, const std::vector<View>& views, const std::string& path) {
  for (std::size_t i = 0; i < views.size(); ++i) {
    const Image& image = views[i].image;
    if (image.height != size.height || image.width != size.width)
      fail(ErrorKind::data,
           "loader: expected preprocessed pictures of one size, {}x{}, got {}x{} from \"{}\"; put resize(...) into "
           "--augment and --preprocess-eval",
           size.height, size.width, image.height, image.width, path);
    const std::size_t row = static_cast<std::size_t>(picture) * views.size() + i;
    const auto copy = [row](const auto& from, auto& to) {
      std::copy(from.begin(), from.end(), to.begin() + static_cast<std::ptrdiff_t>(row * from.size()));
    };
    if (exact.empty())
      copy(image.pixels, u8);
    else
      copy(views[i].exact, exact);
    flip[row] = views[i].flip;
    const HsvNoise& n = views[i].noise;
    if (!noise.empty())
      copy(std::array{n.hue, n.s_power, n.s_gain, n.s_offset, n.v_power, n.v_gain, n.v_offset}, noise);
    if (!range.empty()) copy(std::array{views[i].scale, views[i].offset}, range);
  }
}

std::vector<View> preprocess(const Pipeline& pipeline, Picture picture, Rng& rng, bool train, const std::string& path) {
  try {
    return pipeline.run(std::move(picture), rng, train);
  } catch (const Undecodable&) {
    throw;
  } catch (const Error& error) {
    throw Error('"' + path + "\": " + error.what(), error.kind());
  }
}

PictureStream::PictureStream(const Dataset& dataset, std::vector<std::int64_t> indices, std::int64_t batch_size,
                             const std::vector<std::string>& pipelines, std::uint64_t seed, int number,
                             double max_damaged)
    : dataset_(dataset),
      indices_(std::move(indices)),
      batch_size_(batch_size),
      pipelines_(pipelines.begin(), pipelines.end()),
      seed_(seed),
      number_(static_cast<std::uint64_t>(number)),
      order_(static_cast<std::int64_t>(indices_.size()), seed, number_),
      allowed_damaged_(data::allowed_damaged(order_.size(), max_damaged)) {
  check(batch_size > 0, "loader: expected a batch of at least 1 picture, got {}", batch_size);
  check(!pipelines.empty() && pipelines.size() <= kMostViews, "loader: expected 1 to {} views, got {}", kMostViews,
        pipelines.size());
  if (indices_.empty()) fail(ErrorKind::data, "loader: expected pictures in the stream, got none");
  StreamBatch unused;
  for (const std::vector<View>& views : read(*order_.epoch(0), 0, unused).views)
    sizes_.push_back({views[0].image.height, views[0].image.width});
}

StreamBatch PictureStream::make_batch() const {
  StreamBatch batch;
  for (std::size_t i = 0; i < sizes_.size(); ++i)
    batch.views.emplace_back(batch_size_ * pipelines_[i].host_views(), sizes_[i], pipelines_[i]);
  batch.index.resize(static_cast<std::size_t>(batch_size_));
  return batch;
}

void PictureStream::fill(StreamBatch& batch, std::int64_t step, const std::stop_token& stop) const {
  batch.damaged.clear();
  std::shared_ptr<const Permutation> order;
  std::int64_t epoch = -1;
  for (std::int64_t row = 0; row < batch_size_ && !stop.stop_requested(); ++row) {
    const std::int64_t position = step * batch_size_ + row;
    if (const std::int64_t now = position / order_.size(); now != epoch) order = order_.epoch(epoch = now);
    const Chosen chosen = read(*order, position, batch);
    batch.index[static_cast<std::size_t>(row)] = chosen.index;
    for (std::size_t i = 0; i < pipelines_.size(); ++i)
      batch.views[i].put(row, chosen.views[i], dataset_.path(chosen.index));
  }
}

PictureStream::Chosen PictureStream::read(const Permutation& order, std::int64_t position, StreamBatch& batch) const {
  for (std::int64_t tried = 0;; ++tried) {
    const auto at = static_cast<std::size_t>((position + tried) % order_.size());
    const std::int64_t index = indices_[static_cast<std::size_t>(order[at])];
    try {
      return preprocessed(index, position);
    } catch (const Undecodable& error) {
      if (tried >= allowed_damaged_) fail_damaged(dataset_.path(index), error.what());
      batch.damaged.emplace_back(index, error.what());
    }
  }
}

Picture PictureStream::picture(std::int64_t index) const {
  return {dataset_.image_size(index), [this, index](Box box) {
            try {
              return dataset_.image(index, box);
            } catch (const Error& error) {
              if (error.kind() != ErrorKind::data) throw;
              throw Undecodable(error.what(), error.kind());
            }
          }};
}

PictureStream::Chosen PictureStream::preprocessed(std::int64_t index, std::int64_t position) const {
  Picture whole = picture(index);
  if (pipelines_.size() > 1) whole.share();  // decoded once for all of them
  Chosen chosen{index, {}};
  for (std::size_t i = 0; i < pipelines_.size(); ++i) {
    Rng rng(seed_, Purpose::augment, static_cast<std::uint64_t>(position), number_ * kMostViews + i);
    chosen.views.push_back(preprocess(pipelines_[i], whole, rng, true, dataset_.path(index)));
  }
  return chosen;
}

void PictureStream::fail_damaged(const std::string& path, const std::string& reason) const {
  fail(ErrorKind::data, "loader: expected at most {} damaged of {} pictures, got more, the last one \"{}\": {}",
       allowed_damaged_, order_.size(), path, reason);
}

}  // namespace s4l::data
