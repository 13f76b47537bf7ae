#include "s4l/data/picture_stream.h"

#include <algorithm>

#include "s4l/core/error.h"

namespace s4l::data {
namespace {

constexpr std::uint64_t kMostViews = 16;  // so many random numbers' streams are kept for each stream of pictures

std::size_t bytes_of(Size size) {
  return static_cast<std::size_t>(size.height) * static_cast<std::size_t>(size.width) * 3;
}

}  // namespace

PictureRows::PictureRows(std::int64_t count, Size picture_size)
    : size(picture_size),
      u8(static_cast<std::size_t>(count) * bytes_of(picture_size)),
      flip(static_cast<std::size_t>(count)) {}

void PictureRows::put(std::int64_t row, const Pipeline::Result& picture, const std::string& path) {
  const Image& image = picture.image;
  if (image.height != size.height || image.width != size.width)
    fail(ErrorKind::data,
         "loader: expected preprocessed pictures of one size, {}x{}, got {}x{} from \"{}\"; put resize(...) into the "
         "preprocessing",
         size.height, size.width, image.height, image.width, path);
  const std::size_t at = static_cast<std::size_t>(row);
  std::copy(image.pixels.begin(), image.pixels.end(), u8.begin() + static_cast<std::ptrdiff_t>(at * bytes_of(size)));
  flip[at] = picture.flip;
}

Pipeline::Result preprocess(const Pipeline& pipeline, const Image& image, Rng& rng, bool train,
                            const std::string& path) {
  try {
    return pipeline.run(image, rng, train);
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
  const Chosen first = read(*order_.epoch(0), 0, unused);
  for (std::size_t view = 0; view < pipelines_.size(); ++view) {
    const Image image = view_of(first, 0, view).image;
    sizes_.push_back({image.height, image.width});
  }
}

StreamBatch PictureStream::make_batch() const {
  StreamBatch batch;
  for (const Size size : sizes_) batch.views.emplace_back(batch_size_, size);
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
    const Chosen chosen = read(*order, position % order_.size(), batch);
    batch.index[static_cast<std::size_t>(row)] = chosen.index;
    for (std::size_t view = 0; view < pipelines_.size(); ++view)
      batch.views[view].put(row, view_of(chosen, position, view), dataset_.path(chosen.index));
  }
}

PictureStream::Chosen PictureStream::read(const Permutation& order, std::int64_t place, StreamBatch& batch) const {
  for (std::int64_t tried = 0;; ++tried) {
    const auto at = static_cast<std::size_t>((place + tried) % order_.size());
    const std::int64_t index = indices_[static_cast<std::size_t>(order[at])];
    try {
      return {index, dataset_.whole_image(index)};
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::data) throw;
      if (tried >= allowed_damaged_) fail_damaged(dataset_.path(index), error.what());
      batch.damaged.emplace_back(index, error.what());
    }
  }
}

Pipeline::Result PictureStream::view_of(const Chosen& chosen, std::int64_t position, std::size_t view) const {
  Rng rng(seed_, Purpose::augment, static_cast<std::uint64_t>(position), number_ * kMostViews + view);
  return preprocess(pipelines_[view], chosen.image, rng, true, dataset_.path(chosen.index));
}

void PictureStream::fail_damaged(const std::string& path, const std::string& reason) const {
  fail(ErrorKind::data, "loader: expected at most {} damaged of {} pictures, got more, the last one \"{}\": {}",
       allowed_damaged_, order_.size(), path, reason);
}

}  // namespace s4l::data
