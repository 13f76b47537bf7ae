// Addresses: what AddressSanitizer and UndefinedBehaviorSanitizer find.
#include "planted/bug.h"
#include "s4l/kernels/cuda/number.cuh"

namespace {

constexpr int kThreads = 64;

__global__ void read_past(const float* x, float* y, int by) {
  const int i = static_cast<int>(threadIdx.x);
  y[i] = x[i + by] - static_cast<float>(by);
}

__global__ void write_past(const float* x, float* y, int by) {
  const int i = static_cast<int>(threadIdx.x);
  y[i + by] = x[i];
}

__global__ void static_overrun(const float* x, float* y, int by) {
  S4L_SHARED(float, row, [kThreads]);
  const int i = static_cast<int>(threadIdx.x);
  float* const cells = &row[0];
  cells[i + by] = x[i];
  __syncthreads();
  y[i] = cells[i + by];
}

__global__ void dynamic_overrun(const float* x, float* y, int by) {
  S4L_DYN_SHARED(float, row);
  const int i = static_cast<int>(threadIdx.x);
  row[i + by] = x[i];
  __syncthreads();
  y[i] = row[i + by];
}

__global__ void misaligned(const float* x, float* y, int by) {
  const int i = static_cast<int>(threadIdx.x);
  if (i < kThreads / 4 - by) {
    const float4 four = *reinterpret_cast<const float4*>(x + 4 * i + by);
    y[4 * i] = four.x + four.y + four.z + four.w;
  }
}

__global__ void misaligned_pack(const float* x, float* y, int by) {
  const int i = static_cast<int>(threadIdx.x);
  if (i < kThreads / 4 - by) s4l::S4L_KNS::store_pack(s4l::S4L_KNS::load_pack<4>(x + 4 * i + by), y + 4 * i);
}

__global__ void misaligned_copy(const float* x, float* y, int by) {
  S4L_DYN_SHARED(float, row);
  const int i = static_cast<int>(threadIdx.x);
  if (i < kThreads / 4 - by) {
    copy16_async(row + 4 * i, x + 4 * i + by);
    commit_copies();
    wait_copies<0>();
    y[i] = row[4 * i];
  }
}

template <class Kernel>
std::vector<float> run(Kernel* kernel, int by) {
  const Buffer<float> x(counted(kThreads)), y(counted(kThreads));
  S4L_LAUNCH(kernel, dim3(1), dim3(kThreads), kThreads * sizeof(float), nullptr, x.data(), y.data(), by);
  return y.host();
}

/// A read of memory that was given back: the argument check sees it before anything runs.
std::vector<float> freed() {
  const Buffer<float> y(std::size_t{kThreads});
  const float* gone = nullptr;
  {
    const Buffer<float> x(counted(kThreads));
    gone = x.data();
  }
  S4L_LAUNCH(read_past, dim3(1), dim3(kThreads), 0, nullptr, gone, y.data(), 0);
  return y.host();
}

}  // namespace

std::vector<Bug> memory_bugs() {
  const std::vector<float> row = counted(kThreads);
  return {
      {"global read off by one", "address", [] { return run(read_past, 1); }, {}},
      {"global write off by one", "address", [] { return run(write_past, 1); }, {}},
      {"static shared overrun", "address or red zone", [] { return run(static_overrun, 1); }, {}},
      {"dynamic shared overrun", "address or red zone", [] { return run(dynamic_overrun, 1); }, {}},
      {"misaligned float4", "alignment", [] { return run(misaligned, 1); }, {}},
      {"misaligned pack", "executor", [] { return run(misaligned_pack, 1); }, {}},
      {"misaligned async copy", "executor", [] { return run(misaligned_copy, 1); }, {}},
      {"freed memory as an argument", "natural", freed, row},
      {"aligned packs", "nothing", [] { return run(misaligned_pack, 0); }, row},
      {"global reads and writes", "nothing", [] { return run(write_past, 0); }, row},
      {"static shared memory", "nothing", [] { return run(static_overrun, 0); }, row},
      {"dynamic shared memory again", "nothing", [] { return run(dynamic_overrun, 0); }, row},
  };
}
