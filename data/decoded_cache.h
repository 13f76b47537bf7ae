#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "s4l/data/image.h"

namespace s4l::data {

/// Decoded pictures kept in memory up to a limit. A shuffled epoch asks for every picture once, so what was used last
/// is no better than the rest: the first pictures that fit stay, and nothing is thrown out.
class DecodedCache {
 public:
  DecodedCache() = default;
  /// For pictures of `sizes`, by number, in at most `limit` bytes.
  DecodedCache(const std::vector<Size>& sizes, std::int64_t limit);

  /// Whether the picture has a place.
  bool keeps(std::int64_t index) const { return index < static_cast<std::int64_t>(pictures_.size()); }
  /// The picture, or null where it was not put yet; `index` has a place. May be used by several threads, as put().
  std::shared_ptr<const Image> find(std::int64_t index) const;
  void put(std::int64_t index, std::shared_ptr<const Image> picture);

 private:
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();
  std::vector<std::shared_ptr<const Image>> pictures_;
};

}  // namespace s4l::data
