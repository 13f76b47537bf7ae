#include "s4l/data/decoded_cache.h"

namespace s4l::data {

DecodedCache::DecodedCache(const std::vector<Size>& sizes, std::int64_t limit) {
  std::size_t kept = 0;
  for (std::int64_t bytes = 0; kept < sizes.size(); ++kept) {
    bytes += std::int64_t{3} * sizes[kept].height * sizes[kept].width;
    if (bytes > limit) break;
  }
  pictures_.resize(kept);
}

std::shared_ptr<const Image> DecodedCache::find(std::int64_t index) const {
  const std::lock_guard lock(*mutex_);
  return pictures_[static_cast<std::size_t>(index)];
}

void DecodedCache::put(std::int64_t index, std::shared_ptr<const Image> picture) {
  const std::lock_guard lock(*mutex_);
  pictures_[static_cast<std::size_t>(index)] = std::move(picture);
}

}  // namespace s4l::data
