// Any bytes are a JPEG or an error of kind data; a crop of what decodes has the pixels of the whole.
#include <cstdlib>

#include "s4l/core/error.h"
#include "s4l/data/cut.h"
#include "s4l/data/decode.h"

using namespace s4l;
using namespace s4l::data;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  const DecodeLimits limits{.pixels = 1 << 14, .jpeg_scans = 12};
  const std::span<const std::uint8_t> file(bytes, count);
  if (count < 2 || file[0] != 0xFF || file[1] != 0xD8) return -1;  // the other formats have a target of their own
  try {
    const Image whole = decode_whole(file, limits);
    const Box box{whole.height / 3, whole.width / 4, (whole.height + 1) / 2, (whole.width + 2) / 3};
    if (decode(file, box, limits).pixels != cut(whole, box).pixels) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) std::abort();
  }
  return 0;
}
