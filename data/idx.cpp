#include "s4l/data/idx.h"

#include "s4l/core/error.h"
#include "s4l/data/gunzip.h"

namespace s4l::data {
namespace {

constexpr std::size_t kMostDimensions = 4, kUnsignedByte = 8;

struct IdxHeader {
  std::vector<std::int64_t> shape;
  std::size_t first = 0, values = 1;
};

/// Two zeros, the type, the number of dimensions, and the dimensions with the highest byte first.
IdxHeader header_of(std::span<const std::uint8_t> bytes, std::int64_t most) {
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0)
    fail(ErrorKind::data, "IDX: expected an IDX file, got another");
  if (bytes[2] != kUnsignedByte)
    fail(ErrorKind::data, "IDX: expected unsigned bytes (type 8), got type {}", int{bytes[2]});
  const std::size_t dimensions = bytes[3];
  if (dimensions < 1 || dimensions > kMostDimensions)
    fail(ErrorKind::data, "IDX: expected 1 to {} dimensions, got {}", kMostDimensions, dimensions);
  IdxHeader header;
  header.first = 4 + 4 * dimensions;
  if (bytes.size() < header.first) fail(ErrorKind::data, "IDX: the file ends inside its header");
  for (std::size_t at = 4; at < header.first; at += 4) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8 | bytes[at + i];
    header.shape.push_back(static_cast<std::int64_t>(size));
    header.values *= size;  // below 2^62: values is at most 2^29 before
    if (header.values > static_cast<std::size_t>(most)) fail(ErrorKind::data, "IDX: expected at most {} values", most);
  }
  return header;
}

IdxArray array_from(const IdxHeader& header, std::span<const std::uint8_t> bytes) {
  if (bytes.size() != header.first + header.values)
    fail(ErrorKind::data, "IDX: expected {} bytes as the header says, got {}", header.first + header.values,
         bytes.size() > header.first + header.values ? "more" : to_text(bytes.size()));
  return {header.shape, {bytes.begin() + static_cast<std::ptrdiff_t>(header.first), bytes.end()}};
}

}  // namespace

IdxArray read_idx(std::span<const std::uint8_t> bytes, std::int64_t most) {
  if (!is_gzip(bytes)) return array_from(header_of(bytes, most), bytes);
  const IdxHeader header = header_of(gunzip(bytes, 4 + 4 * kMostDimensions), most);
  return array_from(header, gunzip(bytes, header.first + header.values + 1));
}

bool is_idx_images(const std::string& name) {
  return name.find("images") != name.npos && (name.find("idx3") != name.npos || name.find("idx4") != name.npos) &&
         (name.ends_with("-ubyte") || name.ends_with("-ubyte.gz"));
}

}  // namespace s4l::data
