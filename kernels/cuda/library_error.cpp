#include "s4l/kernels/cuda/library_error.h"

#include "s4l/core/device/arena.h"
#include "s4l/core/device/cuda.h"
#include "s4l/core/error.h"

namespace s4l::cuda {
namespace {

struct Advice {
  const char *part, *text;  ///< for names or words that hold `part`
};
constexpr Advice kAdvice[] = {
    {"NOT_INITIALIZED", "the driver must be new enough for CUDA 13: nvidia-smi names the CUDA that it is for"},
    {"SUBLIBRARY", "the library's files are of several versions or incomplete: LD_LIBRARY_PATH should lead to one"},
    {"ARCH_MISMATCH", "the library has no code for this GPU: a newer version may"},
    {"NOT_SUPPORTED", "the library has nothing for these sizes and types: another version, or no --amp, may"},
    {"EXECUTION_FAILED",
     "a kernel failed and the GPU can do no more in this process: compute-sanitizer names the kernel"},
    {"BAD_PARAM", "s4l asked for what cannot be: please report this line"},
    {"INVALID_VALUE", "s4l asked for what cannot be: please report this line"},
};

std::string advice_for(const std::string& text) {
  for (const Advice& advice : kAdvice)
    if (text.find(advice.part) != std::string::npos) return advice.text;
  return "CUDNN_LOGLEVEL_DBG=2 or CUBLASLT_LOG_LEVEL=2 make the library say more";
}

}  // namespace

void fail_call(const std::string& problem, const char* call, const LibraryAnswer& answer, Device device) {
  const std::string text = answer.name + (answer.words.empty() ? "" : " (" + answer.words + ")");
  if (text.find("ALLOC_FAILED") == std::string::npos && text.find("MemoryAllocation") == std::string::npos)
    fail(ErrorKind::usage, "{}: {}: {}; {}", problem, call, text, advice_for(text));
  const MemoryUse use = runtime(device).memory_use();
  fail(ErrorKind::memory, "{}: {}: {}; memory of {} ended: tensors hold {}, {} are kept for them, {} are free", problem,
       call, text, device, size_text(use.current), size_text(use.reserved - use.current),
       size_text(free_memory(device.index)));
}

}  // namespace s4l::cuda
