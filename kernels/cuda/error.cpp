#include "s4l/kernels/cuda/error.h"

namespace s4l::cuda {
namespace {

const char* advice(cudaError_t error) {
  switch (error) {
    case cudaErrorInsufficientDriver:
      return "; install a driver of NVIDIA's that is new enough for CUDA 13";
    case cudaErrorMemoryAllocation:
      return "; a smaller --batch-size, --eval-batch or --img-size needs less";
    case cudaErrorNoDevice:
      return "; nvidia-smi and CUDA_VISIBLE_DEVICES say which GPUs a program may use";
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorInvalidDeviceFunction:
      return "; build with -DCMAKE_CUDA_ARCHITECTURES of this GPU";
    case cudaErrorIllegalAddress:
    case cudaErrorMisalignedAddress:
    case cudaErrorLaunchFailure:
      return "; a kernel failed and the GPU can do no more in this process: compute-sanitizer names the kernel";
    case cudaErrorDevicesUnavailable:
      return "; another process has the GPU for itself";
    case cudaErrorECCUncorrectable:
      return "; the GPU's memory is faulty";
    case cudaErrorStreamCaptureUnsupported:
    case cudaErrorStreamCaptureImplicit:
    case cudaErrorStreamCaptureInvalidated:
      return "; a step that is captured may not wait for the device";
    case cudaErrorInvalidValue:
    case cudaErrorInvalidConfiguration:
    case cudaErrorLaunchOutOfResources:
      return "; s4l asked for what cannot be: please report this line";
    default:
      return "; CUDA_LAUNCH_BLOCKING=1 makes the call that fails the one that is named";
  }
}

}  // namespace

ErrorKind kind_of(cudaError_t error) {
  return error == cudaErrorMemoryAllocation ? ErrorKind::memory : ErrorKind::usage;
}

std::string text_of(cudaError_t error) {
  return fill_in("{} ({}){}", {cudaGetErrorName(error), cudaGetErrorString(error), advice(error)});
}

}  // namespace s4l::cuda
