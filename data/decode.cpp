#include "s4l/data/decode.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "s4l/core/error.h"
#include "s4l/data/decode_formats.h"

namespace s4l::data {
namespace {

bool is_jpeg(Bytes bytes) { return bytes.size() >= 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF; }

void check_format(Bytes bytes, const DecodeLimits& limits) {
  if (bytes.empty()) fail(ErrorKind::data, "the file is empty");
  if (static_cast<std::int64_t>(bytes.size()) > limits.file_bytes)
    fail(ErrorKind::data, "expected a file of at most {} bytes, got {}", limits.file_bytes, bytes.size());
  if (!is_jpeg(bytes) && !is_png(bytes)) fail(ErrorKind::data, "expected a JPEG or PNG picture, got other content");
}

struct File {
  explicit File(const std::string& path) : descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (descriptor >= 0) ::close(descriptor);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int descriptor;  // not blocking: opening a named pipe must not wait for a writer
};

void read_all(int descriptor, std::vector<std::uint8_t>& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count = ::read(descriptor, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(ErrorKind::io, "read: {}", std::strerror(errno));
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  bytes.resize(done);
}

}  // namespace

void check_picture_size(std::uint32_t height, std::uint32_t width, int pixel_bytes, const DecodeLimits& limits) {
  const std::int64_t pixels = std::int64_t{height} * width;  // each below 2^31 by the formats
  if (height == 0 || width == 0) fail(ErrorKind::data, "expected at least one pixel, got {}x{}", height, width);
  const auto side = static_cast<std::uint32_t>(limits.side);
  if (height > side || width > side)
    fail(ErrorKind::data, "expected sides of at most {} pixels, got {}x{}", side, height, width);
  if (pixels > limits.pixels || pixels > limits.decoded_bytes / pixel_bytes)
    fail(ErrorKind::data, "expected at most {} pixels, got {}x{}",
         std::min(limits.pixels, limits.decoded_bytes / pixel_bytes), height, width);
}

Size picture_size(std::span<const std::uint8_t> bytes, const DecodeLimits& limits) {
  check_format(bytes, limits);
  return is_png(bytes) ? read_png_header(bytes, limits) : read_jpeg_header(bytes, limits).upright();
}

Image decode(std::span<const std::uint8_t> bytes, Box box, const DecodeLimits& limits) {
  const Size size = picture_size(bytes, limits);
  check(box.top >= 0 && box.left >= 0 && box.height >= 1 && box.width >= 1 && box.height <= size.height - box.top &&
            box.width <= size.width - box.left,
        "decode: expected a box inside {}x{} pixels, got {}x{} at ({}, {})", size.height, size.width, box.height,
        box.width, box.top, box.left);
  return is_png(bytes) ? decode_png(bytes, box, limits) : decode_jpeg(bytes, box, limits);
}

std::vector<std::uint8_t> read_picture_file(const std::string& path, const DecodeLimits& limits) {
  const File file(path);
  struct stat status {};
  if (file.descriptor < 0 || ::fstat(file.descriptor, &status) != 0)
    fail(ErrorKind::io, "open: {}", std::strerror(errno));
  if (!S_ISREG(status.st_mode)) fail(ErrorKind::data, "expected a picture file, got a folder or device");
  if (status.st_size > limits.file_bytes)
    fail(ErrorKind::data, "expected a file of at most {} bytes, got {}", limits.file_bytes,
         std::int64_t{status.st_size});
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(status.st_size));
  read_all(file.descriptor, bytes);
  return bytes;
}

bool has_picture_suffix(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string::npos) return false;
  std::string suffix = path.substr(dot);
  for (char& c : suffix) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return suffix == ".jpg" || suffix == ".jpeg" || suffix == ".png";
}

}  // namespace s4l::data
