#include "s4l/core/device/processor.h"

#include "s4l/core/error.h"

namespace s4l {

Processor this_processor() {
  __builtin_cpu_init();
  return {__builtin_cpu_supports("avx2") != 0, __builtin_cpu_supports("fma") != 0};
}

void check_processor(const Processor& processor) {
  if (processor.avx2 && processor.fma) return;
  const char* missing = processor.avx2 ? "FMA" : processor.fma ? "AVX2" : "AVX2 and FMA";
  fail(ErrorKind::io, "processor: expected AVX2 and FMA, got one without {}", missing);
}

}  // namespace s4l
