// Any bytes are an IDX array, in gzip or not, or an error of kind data.
#include "s4l/data/idx.h"

#include <cstdlib>

#include "s4l/core/error.h"

using namespace s4l;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  try {
    const data::IdxArray array = data::read_idx({bytes, count}, 1 << 16);
    std::int64_t values = 1;
    for (const std::int64_t size : array.shape) values *= size;
    if (values != static_cast<std::int64_t>(array.values.size())) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) std::abort();
  }
  return 0;
}
