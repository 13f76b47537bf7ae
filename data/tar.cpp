// The headers of a tar archive: POSIX ustar, with GNU's and pax's long names and sizes.
#include "s4l/data/tar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <unordered_map>

#include "s4l/core/error.h"

namespace s4l::data {
namespace {

constexpr std::uint64_t kBlock = 512;
constexpr std::size_t kMostNameBytes = 1 << 16;  // of a long name or a pax header

using Header = std::array<char, kBlock>;

std::string_view text_field(const Header& header, std::size_t at, std::size_t length) {
  const std::string_view field(header.data() + at, length);
  return field.substr(0, field.find('\0'));
}

/// A number in octal digits, or in binary where the first bit is set (GNU, for large files).
std::uint64_t number_field(const Header& header, std::size_t at, std::size_t length, std::uint64_t where) {
  std::uint64_t value = 0;
  if ((static_cast<std::uint8_t>(header[at]) & 0x80u) != 0) {
    for (std::size_t i = length - 8; i < length; ++i) value = value << 8 | static_cast<std::uint8_t>(header[at + i]);
    return value;
  }
  std::string_view digits = text_field(header, at, length);
  digits.remove_prefix(std::min(digits.find_first_not_of(' '), digits.size()));
  digits = digits.substr(0, digits.find(' '));
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 8);
  if (error != std::errc() || end != digits.data() + digits.size())
    fail(ErrorKind::data, "tar: expected an octal number in the header at byte {}", where);
  return value;
}

bool checksum_holds(const Header& header, std::uint64_t where) {
  constexpr std::size_t kAt = 148, kLength = 8;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kBlock; ++i)
    sum += i >= kAt && i < kAt + kLength ? std::uint8_t{' '} : static_cast<std::uint8_t>(header[i]);
  return sum == number_field(header, kAt, kLength, where);
}

/// "./a//b/" -> "a/b": what leads nowhere else is left out.
std::string plain_path(std::string_view path) {
  std::string plain;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(part.size() + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (!plain.empty()) plain += '/';
    plain += part;
  }
  return plain;
}

class Reader {
 public:
  Reader(const ReadAt& read_at, std::uint64_t size) : read_at_(read_at), size_(size) {}

  std::vector<TarFile> files() {
    while (next()) {
    }
    return std::move(files_);
  }

 private:
  /// Reads the header at at_ and moves behind its content; false at the archive's end.
  bool next() {
    Header header;
    if (size_ - at_ < kBlock) {
      if (at_ == 0) fail(ErrorKind::data, "tar: expected an archive, got {} bytes", size_);
      return false;
    }
    read_at_(at_, header.data(), kBlock);
    if (std::all_of(header.begin(), header.end(), [](char c) { return c == 0; })) return false;
    if (!checksum_holds(header, at_)) fail(ErrorKind::data, "tar: wrong checksum of the header at byte {}", at_);
    const std::uint64_t content = at_ + kBlock;
    const char type = header[156];
    const bool is_file = type == '0' || type == '\0' || type == '7';
    std::uint64_t bytes = number_field(header, 124, 12, at_);
    if (is_file && pax_size_ != kNone) bytes = pax_size_;
    if (bytes > size_ - content)
      fail(ErrorKind::data, "tar: \"{}\" at byte {} reaches beyond the end: the archive is truncated", name_of(header),
           at_);
    if (type == 'L')
      long_name_ = text_at(content, bytes);
    else if (type == 'x')
      read_pax(text_at(content, bytes));
    else if (type != 'g' && type != 'K')
      add(header, is_file, content, bytes);
    at_ = std::min(size_, content + (bytes + kBlock - 1) / kBlock * kBlock);
    return true;
  }

  /// Whatever is no regular file (folder, link, device) uses its long name up, too.
  void add(const Header& header, bool is_file, std::uint64_t offset, std::uint64_t bytes) {
    const std::string name = name_of(header), path = plain_path(name);
    long_name_.clear();
    pax_size_ = kNone;
    if (!is_file || path.empty() || name.back() == '/') return;
    const auto [place, is_new] = known_.emplace(path, files_.size());
    if (is_new)
      files_.push_back({path, offset, bytes});
    else
      files_[place->second] = {path, offset, bytes};
  }

  std::string name_of(const Header& header) const {
    if (!long_name_.empty()) return long_name_;
    const std::string name(text_field(header, 0, 100)), prefix(text_field(header, 345, 155));
    const bool posix = text_field(header, 257, 6) == "ustar";  // GNU writes "ustar  " and uses the prefix otherwise
    return posix && !prefix.empty() ? prefix + "/" + name : name;
  }

  std::string text_at(std::uint64_t offset, std::uint64_t bytes) const {
    if (bytes > kMostNameBytes)
      fail(ErrorKind::data, "tar: expected a name of at most {} bytes at byte {}, got {}", kMostNameBytes, offset,
           bytes);
    std::string text(static_cast<std::size_t>(bytes), '\0');
    read_at_(offset, text.data(), text.size());
    if (const std::size_t end = text.find('\0'); end != text.npos) text.resize(end);
    return text;
  }

  /// Records "length key=value\n"; path and size matter.
  void read_pax(std::string_view text) {
    while (!text.empty()) {
      std::size_t length = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
      if (error != std::errc() || length > text.size() || end + 1 >= text.data() + length)
        fail(ErrorKind::data, "tar: damaged pax header at byte {}", at_);
      const std::string_view record(end + 1, static_cast<std::size_t>(text.data() + length - end) - 2);
      if (record.starts_with("path=")) long_name_ = record.substr(5);
      if (record.starts_with("size=")) pax_size_ = pax_number(record.substr(5));
      text.remove_prefix(length);
    }
  }

  std::uint64_t pax_number(std::string_view text) const {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value == kNone)
      fail(ErrorKind::data, "tar: damaged pax header at byte {}", at_);
    return value;
  }

  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
  const ReadAt& read_at_;
  std::uint64_t size_, at_ = 0, pax_size_ = kNone;
  std::string long_name_;
  std::vector<TarFile> files_;
  std::unordered_map<std::string, std::size_t> known_;
};

}  // namespace

std::vector<TarFile> tar_files(const ReadAt& read_at, std::uint64_t size) { return Reader(read_at, size).files(); }

}  // namespace s4l::data
