// Any bytes are records of CIFAR-10 or CIFAR-100, or an error of kind data.
#include "s4l/data/cifar.h"

#include <cstdlib>

#include "s4l/core/error.h"

using namespace s4l;
using namespace s4l::data;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  static const CifarFormat ten{"ten", {}, {}, "", 1, 0, std::vector<std::string>(10)};
  static const CifarFormat hundred{"hundred", {}, {}, "", 2, 1, std::vector<std::string>(100)};
  for (const CifarFormat* format : {&ten, &hundred}) {
    try {
      const std::int64_t records = check_cifar_records({bytes, count}, *format);
      if (records * (format->label_bytes + 3072) != static_cast<std::int64_t>(count)) std::abort();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::data) std::abort();
    }
  }
  return 0;
}
