#include "s4l/kernels/cuda/fastest.h"

#include <algorithm>
#include <limits>

#include "s4l/core/error.h"
#include "s4l/kernels/cuda/error.h"

namespace s4l::cuda {
namespace {

/// Measures what lies between two of its moments on a stream.
class Stopwatch {
 public:
  explicit Stopwatch(Stream stream) : stream_(static_cast<cudaStream_t>(stream.handle())) {
    check_cuda(cudaEventCreate(&start_), "cudaEventCreate");
    check_cuda(cudaEventCreate(&stop_), "cudaEventCreate");
  }
  ~Stopwatch() {
    ignore_error(cudaEventDestroy(start_));
    ignore_error(cudaEventDestroy(stop_));
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

  float milliseconds_of(const std::function<void()>& work) {
    check_cuda(cudaEventRecord(start_, stream_), "cudaEventRecord");
    work();
    check_cuda(cudaEventRecord(stop_, stream_), "cudaEventRecord");
    check_cuda(cudaEventSynchronize(stop_), "cudaEventSynchronize");
    float milliseconds = 0;
    check_cuda(cudaEventElapsedTime(&milliseconds, start_, stop_), "cudaEventElapsedTime");
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
  int best = -1;
  float least = std::numeric_limits<float>::infinity();
  for (int i = 0; i < candidates; ++i) {
    float time = std::numeric_limits<float>::infinity();
    try {
      run(i);
      for (int n = 0; n < kRuns; ++n) time = std::min(time, stopwatch.milliseconds_of([&] { run(i); }));
    } catch (const Error&) {  // libraries announce what then does not run; one that works is enough
      if (best < 0 && i + 1 == candidates) throw;
      cudaGetLastError();
      continue;
    }
    if (best < 0 || time < least) {
      least = time;
      best = i;
    }
  }
  return std::max(best, 0);
}

std::string device_name(Device device) {
  cudaDeviceProp properties{};
  check_cuda(cudaGetDeviceProperties(&properties, device.index), "cudaGetDeviceProperties");
  return properties.name;
}

}  // namespace s4l::cuda
