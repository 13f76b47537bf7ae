#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace s4l::data {

/// An array of bytes as MNIST's files hold them.
struct IdxArray {
  std::vector<std::int64_t> shape;
  std::vector<std::uint8_t> values;
};

/// Reads the content of an IDX file of unsigned bytes, or of one in gzip: the numbers of the header are checked against
/// `most` values before anything is allocated. Throws Error(data).
IdxArray read_idx(std::span<const std::uint8_t> bytes, std::int64_t most = std::int64_t{512} << 20);

/// True for the name of a file of pictures such as "train-images-idx3-ubyte", with .gz or without.
bool is_idx_images(const std::string& name);

}  // namespace s4l::data
