// Any bytes are a PNG, BMP, PGM or PPM, or an error of kind data; a crop of what decodes has the pixels of the whole.
// The checksums of PNG chunks are put right first, so that what lies behind them is reached.
#include <zlib.h>

#include <cstdlib>
#include <vector>

#include "s4l/core/error.h"
#include "s4l/data/cut.h"
#include "s4l/data/decode.h"

using namespace s4l;
using namespace s4l::data;

namespace {

void mend_checksums(std::vector<std::uint8_t>& png) {
  for (std::size_t at = 8; at + 12 <= png.size();) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | png[at + i];
    if (length > png.size() - at - 12) return;
    const auto sum = static_cast<std::uint32_t>(crc32(0, &png[at + 4], static_cast<uInt>(length + 4)));
    for (std::size_t i = 0; i < 4; ++i) png[at + 8 + length + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
    at += length + 12;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  std::vector<std::uint8_t> file(bytes, bytes + count);
  if (count > 0 && file[0] == 0xFF) return -1;  // JPEG has a target of its own
  if (count > 8 && file[0] == 0x89) mend_checksums(file);
  const DecodeLimits limits{.pixels = 1 << 14};
  try {
    const Image whole = decode_whole(file, limits);
    const Box box{whole.height / 3, whole.width / 4, (whole.height + 1) / 2, (whole.width + 2) / 3};
    if (decode(file, box, limits).pixels != cut(whole, box).pixels) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) std::abort();
  }
  return 0;
}
