#pragma once
#include <cuda_runtime.h>

#include <string>

#include "s4l/core/error.h"

namespace s4l::cuda {

/// "cudaErrorNoDevice (no CUDA-capable device is detected)" and what to do.
std::string text_of(cudaError_t error);

/// Memory where that ended, else usage.
ErrorKind kind_of(cudaError_t error);

/// For a call whose failure changes nothing, or is told already: forgets the error, which CUDA would give the next
/// launch as its own.
inline void ignore_error(cudaError_t error) {
  if (error != cudaSuccess) cudaGetLastError();
}

/// Throws what CUDA says of a call, `call` being the call with its arguments written out (fill_in's {}).
template <class... Arguments>
void check_cuda(cudaError_t error, const char* call, const Arguments&... arguments) {
  if (error == cudaSuccess) return;
  ignore_error(error);
  fail(kind_of(error), "{}: {}", fill_in(call, {to_text(arguments)...}), text_of(error));
}

}  // namespace s4l::cuda
