#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>

#include "s4l/core/device/runtime.h"

namespace s4l {

/// Bytes on a device and the stream that frees them. Shared by the tensors that look into it.
class Storage {
 public:
  static std::shared_ptr<Storage> allocate(std::size_t bytes, Stream stream) {
    return std::shared_ptr<Storage>(new Storage(bytes, stream));
  }
  ~Storage() { runtime(stream_.device()).free(memory_, bytes_, stream_); }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  void* memory() const { return memory_; }
  std::size_t bytes() const { return bytes_; }
  Device device() const { return stream_.device(); }
  /// Advances when the content is updated in place; packed weights are keyed by it.
  std::uint64_t version() const { return version_; }
  void bump_version() { ++version_; }

 private:
  Storage(std::size_t bytes, Stream stream)
      : memory_(runtime(stream.device()).allocate(bytes, stream)), bytes_(bytes), stream_(stream) {}
  void* memory_;
  std::size_t bytes_;
  Stream stream_;
  std::uint64_t version_ = 0;
};

}  // namespace s4l
