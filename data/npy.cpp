#include "s4l/data/npy.h"

#include <bit>
#include <cstring>

#include "s4l/core/error.h"

namespace s4l::data {
namespace {

static_assert(std::endian::native == std::endian::little, "NumPy's <i8 is read as it lies in memory");

constexpr std::string_view kMagic{"\x93NUMPY", 6};
constexpr std::size_t kVersion1Header = 10;  // magic, version, two bytes of length

/// Magic, version and length say where the description ends and the numbers begin.
std::size_t begin_of_numbers(std::string_view content) {
  if (content.size() < kVersion1Header || content[6] != 1)
    fail(ErrorKind::data, "npy: expected a NumPy file of version 1, got another");
  const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<std::uint8_t>(content[at])); };
  const std::size_t begin = kVersion1Header + byte(8) + 256 * byte(9);
  if (begin > content.size()) fail(ErrorKind::data, "npy: the file ends inside its header");
  return begin;
}

template <class T>
std::vector<std::int64_t> numbers_of(std::string_view bytes) {
  std::vector<std::int64_t> numbers(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    T value;
    std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
    numbers[i] = value;
  }
  return numbers;
}

}  // namespace

bool is_npy(std::string_view content) { return content.substr(0, kMagic.size()) == kMagic; }

std::vector<std::int64_t> read_npy(std::string_view content) {
  const std::size_t begin = begin_of_numbers(content);
  const std::string_view header = content.substr(kVersion1Header, begin - kVersion1Header);
  const bool wide = header.find("'<i8'") != header.npos, narrow = header.find("'<i4'") != header.npos;
  if (wide == narrow) fail(ErrorKind::data, "npy: expected integers of 64 or 32 bits (<i8 or <i4), got another type");
  std::vector<std::int64_t> numbers =
      wide ? numbers_of<std::int64_t>(content.substr(begin)) : numbers_of<std::int32_t>(content.substr(begin));
  const std::string shape = "'shape': (" + std::to_string(numbers.size()) + ",)";
  if (header.find(shape) == header.npos)
    fail(ErrorKind::data, "npy: expected one row of the {} numbers in the file, got another shape", numbers.size());
  return numbers;
}

std::string npy(const std::vector<std::int64_t>& numbers) {
  std::string header = "{'descr': '<i8', 'fortran_order': False, 'shape': (" + std::to_string(numbers.size()) + ",), }";
  const std::size_t padded = (kVersion1Header + header.size() + 1 + 63) / 64 * 64;  // the format's alignment
  header.resize(padded - kVersion1Header - 1, ' ');
  header += '\n';
  std::string content(kMagic);
  content += {1, 0, static_cast<char>(header.size() % 256), static_cast<char>(header.size() / 256)};
  content += header;
  content.append(reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(std::int64_t));
  return content;
}

}  // namespace s4l::data
