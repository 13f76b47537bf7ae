#include "s4l/kernels/cuda/fastest.h"

#include <cuda_runtime.h>

#include <algorithm>
#include <limits>

#include "s4l/core/error.h"

namespace s4l::cuda {
namespace {

void expect(cudaError_t status, const char* call) {
  check(status == cudaSuccess, "{}: {} ({})", call, cudaGetErrorName(status), cudaGetErrorString(status));
}

/// Measures what lies between two of its moments on a stream.
class Stopwatch {
 public:
  explicit Stopwatch(Stream stream) : stream_(static_cast<cudaStream_t>(stream.handle())) {
    expect(cudaEventCreate(&start_), "cudaEventCreate");
    expect(cudaEventCreate(&stop_), "cudaEventCreate");
  }
  ~Stopwatch() {
    cudaEventDestroy(start_);
    cudaEventDestroy(stop_);
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

  float milliseconds_of(const std::function<void()>& work) {
    expect(cudaEventRecord(start_, stream_), "cudaEventRecord");
    work();
    expect(cudaEventRecord(stop_, stream_), "cudaEventRecord");
    expect(cudaEventSynchronize(stop_), "cudaEventSynchronize");
    float milliseconds = 0;
    expect(cudaEventElapsedTime(&milliseconds, start_, stop_), "cudaEventElapsedTime");
    return milliseconds;
  }

 private:
  cudaStream_t stream_;
  cudaEvent_t start_ = nullptr, stop_ = nullptr;
};

}  // namespace

int fastest(int candidates, const std::function<void(int)>& run, Stream stream) {
  constexpr int kRuns = 3;
  Stopwatch stopwatch(stream);
  int best = 0;
  float least = std::numeric_limits<float>::infinity();
  for (int i = 0; i < candidates; ++i) {
    run(i);
    float time = std::numeric_limits<float>::infinity();
    for (int n = 0; n < kRuns; ++n) time = std::min(time, stopwatch.milliseconds_of([&] { run(i); }));
    if (time < least) {
      least = time;
      best = i;
    }
  }
  return best;
}

std::string device_name(Device device) {
  cudaDeviceProp properties{};
  expect(cudaGetDeviceProperties(&properties, device.index), "cudaGetDeviceProperties");
  return properties.name;
}

}  // namespace s4l::cuda
