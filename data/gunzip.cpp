#include "s4l/data/gunzip.h"

#include <zlib.h>

#include <algorithm>

#include "s4l/core/error.h"

namespace s4l::data {
namespace {

/// zlib's state, freed on every way out.
struct Inflater {
  z_stream state{};

  explicit Inflater(std::span<const std::uint8_t> bytes) {
    constexpr int kWindow = 15, kGzip = 16;
    if (inflateInit2(&state, kWindow + kGzip) != Z_OK) fail(ErrorKind::data, "gzip: zlib could not start");
    state.next_in = const_cast<Bytef*>(bytes.data());  // zlib reads it only
    state.avail_in = static_cast<uInt>(bytes.size());
  }
  ~Inflater() { inflateEnd(&state); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

}  // namespace

bool is_gzip(std::span<const std::uint8_t> bytes) { return bytes.size() >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B; }

std::vector<std::uint8_t> gunzip(std::span<const std::uint8_t> bytes, std::size_t count) {
  constexpr std::size_t kMost = UINT32_MAX;  // zlib counts in 32 bits
  if (bytes.size() > kMost || count > kMost)
    fail(ErrorKind::data, "gzip: expected at most {} bytes, got {}", kMost, std::max(bytes.size(), count));
  Inflater inflater(bytes);
  std::vector<std::uint8_t> content(count);
  inflater.state.next_out = content.data();
  inflater.state.avail_out = static_cast<uInt>(count);
  const int result = inflate(&inflater.state, Z_FINISH);
  content.resize(count - inflater.state.avail_out);
  if (result == Z_STREAM_END || (result == Z_BUF_ERROR && content.size() == count)) return content;
  fail(ErrorKind::data, "gzip: {}", inflater.state.msg != nullptr ? inflater.state.msg : "the file is truncated");
}

}  // namespace s4l::data
