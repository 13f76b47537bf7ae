#include "s4l/tests/data/damaged_set.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>

#include "s4l/core/io/file.h"
#include "s4l/data/write_png.h"
#include "s4l/tests/data/pictures.h"

namespace s4l::test {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::uint8_t>;

constexpr int kClasses = 4;

Bytes png(const data::Image& image) {
  const std::string text = data::png_bytes(image);
  return {text.begin(), text.end()};
}

/// The place of a JPEG marker.
std::size_t find_marker(const Bytes& bytes, std::uint8_t marker) {
  const std::uint8_t wanted[] = {0xFF, marker};
  return static_cast<std::size_t>(std::search(bytes.begin(), bytes.end(), std::begin(wanted), std::end(wanted)) -
                                  bytes.begin());
}

Bytes with_marker(Bytes bytes, std::uint8_t marker, std::uint8_t other) {
  bytes.at(find_marker(bytes, marker) + 1) = other;
  return bytes;
}

/// A frame header that claims 65,535 x 65,535 pixels.
Bytes enormous(Bytes bytes) {
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(find_marker(bytes, 0xC0)) + 5, 4, 0xFF);
  return bytes;
}

void append_big32(Bytes& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(value >> shift));
}

/// A PNG of 8 x 8 pixels whose data would inflate to a megabyte.
Bytes bomb() {
  Bytes bytes = png(data::Image(8, 8));
  constexpr std::size_t kAfterHeader = 33;  // signature and IHDR
  bytes.resize(kAfterHeader);
  Bytes zeros(1 << 20), packed(1 << 16);
  uLongf size = packed.size();
  compress2(packed.data(), &size, zeros.data(), zeros.size(), 9);
  const auto chunk = [&](const std::string& type, const std::uint8_t* content, std::size_t count) {
    append_big32(bytes, static_cast<std::uint32_t>(count));
    const std::size_t begin = bytes.size();
    bytes.insert(bytes.end(), type.begin(), type.end());
    bytes.insert(bytes.end(), content, content + count);
    append_big32(bytes,
                 static_cast<std::uint32_t>(crc32(0, bytes.data() + begin, static_cast<uInt>(bytes.size() - begin))));
  };
  chunk("IDAT", packed.data(), size);
  chunk("IEND", nullptr, 0);
  return bytes;
}

/// More scans than the limit: the last one of a progressive JPEG again and again.
Bytes many_scans(const data::Image& image) {
  Bytes bytes = write_jpeg(image, {.progressive = true});
  std::size_t last = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i)
    if (bytes[i] == 0xFF && bytes[i + 1] == 0xDA) last = i;
  const Bytes scan(bytes.begin() + static_cast<std::ptrdiff_t>(last), bytes.end() - 2), end{0xFF, 0xD9};
  bytes.resize(bytes.size() - 2);
  for (int i = 0; i < 120; ++i) bytes.insert(bytes.end(), scan.begin(), scan.end());
  bytes.insert(bytes.end(), end.begin(), end.end());
  return bytes;
}

struct Damage {
  const fs::path& path;
  const data::Image& image;
  std::string& label;
  bool& refused;

  void cut() const {
    Bytes bytes = write_jpeg(image);
    bytes.resize(bytes.size() * 2 / 3);
    write_file(path, bytes);
  }
  void wrong_sum() const {
    Bytes bytes = png(image);
    bytes[bytes.size() - 17] ^= 1;  // the last byte but IEND's twelve and the sum's four
    write_file(path, bytes);
  }

  void make(int way) const {
    const Bytes good = write_jpeg(image, {.h_samp = 1, .v_samp = 1, .restart = 1});
    switch (way) {
      case 0:
        return cut();
      case 1:
        return write_file(path, with_marker(good, 0xD1, 0xD5));  // a restart marker out of its order: a warning
      case 2:
        return write_file(path, Bytes{});
      case 3:
        return write_file(path, std::string("GIF89a, not a JPEG"));
      case 4:
        return write_file(path, with_marker(good, 0xC0, 0xC3));  // lossless coding
      case 5:
        return write_file(path, enormous(good));
      case 6:
        return write_file(path, bomb());
      case 7:
        return wrong_sum();
      case 8:
        return;  // the file is missing
      case 9:
        fs::create_directories(path);
        return;
      case 10:
        refused = true;
        return write_file(path, good);
      case 11:
        label = std::to_string(kClasses);
        return write_file(path, good);
      default:
        return write_file(path, many_scans(image));
    }
  }
};

}  // namespace

DamagedSet::DamagedSet(const fs::path& folder, int total, int count) {
  std::string all = "path,label\n", good = all;
  for (int i = 0; i < total; ++i) {
    const data::Image image = test_picture(16, 16, static_cast<std::uint64_t>(i));
    const std::string path = "p/" + std::to_string(i) + ".jpg";
    std::string label = std::to_string(i * 7 % 11 % kClasses);
    bool is_refused = false;
    // The damaged ones are spread evenly, the ways one after the other.
    const bool is_damaged = std::int64_t{i} * count / total != std::int64_t{i + 1} * count / total;
    if (is_damaged) {
      Damage{folder / path, image, label, is_refused}.make(static_cast<int>(damaged.size()) % kWays);
      damaged.insert(path);
      if (is_refused) refused.insert((folder / path).string());
    } else {
      write_file(folder / path, write_jpeg(image));
      good += path + "," + label + "\n";
    }
    all += path + "," + label + "\n";
  }
  write_file(folder / "all.csv", all);
  write_file(folder / "good.csv", good);
}

void DamagedSet::watch() const {
  io::set_fault_hook([this](io::Call call, const std::string& path) {
    return call == io::Call::read && refused.contains(path) ? EIO : 0;
  });
}

DamagedSet::~DamagedSet() { io::set_fault_hook({}); }

}  // namespace s4l::test
