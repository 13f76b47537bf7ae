// The runtime of NVIDIA's GPUs.
#include <cuda_runtime.h>

#include <memory>
#include <mutex>
#include <vector>

#include "s4l/core/device/arena.h"
#include "s4l/core/device/cuda.h"
#include "s4l/core/device/memory_pool.h"
#include "s4l/core/device/staging.h"
#include "s4l/kernels/cuda/error.h"

namespace s4l::cuda {
namespace {

/// While one lives, the calling thread may allocate though it captures: the pools' memory is no part of the graph.
class AllocationInCapture {
 public:
  AllocationInCapture() { ignore_error(cudaThreadExchangeStreamCaptureMode(&mode_)); }
  ~AllocationInCapture() { ignore_error(cudaThreadExchangeStreamCaptureMode(&mode_)); }
  AllocationInCapture(const AllocationInCapture&) = delete;
  AllocationInCapture& operator=(const AllocationInCapture&) = delete;

 private:
  cudaStreamCaptureMode mode_ = cudaStreamCaptureModeRelaxed;
};

void* take_from_device(std::size_t bytes) {
  const AllocationInCapture allowed;
  void* memory = nullptr;
  const cudaError_t error = cudaMalloc(&memory, bytes);
  if (error == cudaErrorMemoryAllocation) {
    ignore_error(error);  // it is the pool's to answer
    return nullptr;
  }
  check_cuda(error, "cudaMalloc({})", bytes);
  return memory;
}

void give_to_device(void* memory) {
  const AllocationInCapture allowed;
  ignore_error(cudaFree(memory));  // waits for the device
}

std::size_t free_on_device() {
  std::size_t free = 0, all = 0;
  ignore_error(cudaMemGetInfo(&free, &all));
  return free;
}

bool is_capturing(cudaStream_t stream) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  check_cuda(cudaStreamIsCapturing(stream, &status), "cudaStreamIsCapturing");
  return status != cudaStreamCaptureStatusNone;
}

cudaMemoryType kind_of(const void* memory) {
  cudaPointerAttributes attributes{};
  check_cuda(cudaPointerGetAttributes(&attributes, memory), "cudaPointerGetAttributes");
  return attributes.type;
}

/// A stream's work as CUDA recorded it, and the memory it uses.
class CudaGraph final : public Graph {
 public:
  CudaGraph(std::unique_ptr<GraphMemory> memory, cudaStream_t stream, cudaGraph_t recorded)
      : memory_(std::move(memory)), stream_(stream) {
    const cudaError_t error = cudaGraphInstantiate(&executable_, recorded, 0);
    ignore_error(cudaGraphDestroy(recorded));
    check_cuda(error, "cudaGraphInstantiate");
    memory_->hold({executable_, [stream](cudaGraphExec_t executable) {
                     ignore_error(cudaStreamSynchronize(stream));
                     ignore_error(cudaGraphExecDestroy(executable));
                   }});
  }
  void replay() override { check_cuda(cudaGraphLaunch(executable_, stream_), "cudaGraphLaunch"); }

 private:
  std::unique_ptr<GraphMemory> memory_;
  cudaStream_t stream_;
  cudaGraphExec_t executable_ = nullptr;
};

class CudaRuntime final : public Runtime {
 public:
  explicit CudaRuntime(int index) : index_(index) {
    use_device();
    check_cuda(cudaStreamCreateWithFlags(&compute_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    check_cuda(cudaStreamCreateWithFlags(&copy_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  }

  /// Makes it the calling thread's device, too: who launches a kernel asks for the stream first.
  Stream compute_stream() override {
    use_device();
    return make_stream(device(), compute_);
  }
  Stream copy_stream() override {
    use_device();
    return make_stream(device(), copy_);
  }

  void* allocate(std::size_t bytes, Stream stream) override {
    use_device();
    void* memory = pool_of(stream).take(bytes);
    if (poison()) fill(memory, 0xff, bytes, stream);
    return memory;
  }
  void free(void* memory, std::size_t bytes, Stream stream) noexcept override { pool_of(stream).give(memory, bytes); }

  void copy(void* to, const void* from, std::size_t bytes, Stream stream) override {
    if (bytes == 0) return;
    use_device();
    const cudaMemoryType source = kind_of(from), target = kind_of(to);
    check(!is_capturing(handle(stream)) || (source == cudaMemoryTypeDevice && target == cudaMemoryTypeDevice),
          "copy: expected no host memory in a capture, got some");
    const auto queue = [&](const void* held) {
      check_cuda(cudaMemcpyAsync(to, held, bytes, cudaMemcpyDefault, handle(stream)), "cudaMemcpyAsync of {} bytes",
                 bytes);
    };
    const bool pageable = source == cudaMemoryTypeUnregistered && target == cudaMemoryTypeDevice;
    if (pageable && bytes <= Staging::kLargest) return staging_of(stream).copy(from, bytes, stream, queue);
    queue(from);
    if (pageable) synchronize(stream);
  }
  std::shared_ptr<void> host_memory(std::size_t bytes) override {
    use_device();
    void* memory = nullptr;
    check_cuda(cudaMallocHost(&memory, bytes), "cudaMallocHost({})", bytes);
    return {memory, [](void* locked) { ignore_error(cudaFreeHost(locked)); }};
  }
  void fill(void* to, unsigned char byte, std::size_t bytes, Stream stream) override {
    if (bytes == 0) return;
    use_device();
    check_cuda(cudaMemsetAsync(to, byte, bytes, handle(stream)), "cudaMemsetAsync of {} bytes", bytes);
  }

  Event record(Stream stream) override {
    use_device();
    cudaEvent_t event = nullptr;
    check_cuda(cudaEventCreateWithFlags(&event, cudaEventDisableTiming), "cudaEventCreateWithFlags");
    const std::shared_ptr<void> owner(
        event, [](void* handle) { ignore_error(cudaEventDestroy(static_cast<cudaEvent_t>(handle))); });
    check_cuda(cudaEventRecord(event, handle(stream)), "cudaEventRecord");
    return {owner};
  }
  void wait(Stream stream, const Event& event) override {
    if (event.handle == nullptr) return;
    use_device();
    check_cuda(cudaStreamWaitEvent(handle(stream), static_cast<cudaEvent_t>(event.handle.get()), 0),
               "cudaStreamWaitEvent");
  }
  void synchronize(Stream stream) override {
    check_cuda(cudaStreamSynchronize(handle(stream)), "cudaStreamSynchronize");
  }

  std::unique_ptr<Graph> capture(Stream stream, std::function<void()> work) override {
    use_device();
    auto memory = std::make_unique<GraphMemory>(pool_of(stream));
    cudaGraph_t recorded = nullptr;
    try {
      check_cuda(cudaStreamBeginCapture(handle(stream), cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
      work();
    } catch (...) {
      ignore_error(cudaStreamEndCapture(handle(stream), &recorded));
      if (recorded != nullptr) ignore_error(cudaGraphDestroy(recorded));
      throw;
    }
    check_cuda(cudaStreamEndCapture(handle(stream), &recorded), "cudaStreamEndCapture");
    memory->recorded();
    auto graph = std::make_unique<CudaGraph>(std::move(memory), handle(stream), recorded);
    graph->replay();
    return graph;
  }

  MemoryUse memory_use() const override {
    const MemoryUse a = of_compute_.use(), b = of_copy_.use();
    return {a.current + b.current, a.peak + b.peak, a.reserved + b.reserved};
  }
  std::string description() const override {
    cudaDeviceProp properties{};
    check_cuda(cudaGetDeviceProperties(&properties, index_), "cudaGetDeviceProperties({})", index_);
    return fill_in("{}, {}, sm_{}{}", {properties.name, size_text(properties.totalGlobalMem), to_text(properties.major),
                                       to_text(properties.minor)});
  }

 private:
  static cudaStream_t handle(Stream stream) { return static_cast<cudaStream_t>(stream.handle()); }
  static MemorySource source() { return {take_from_device, give_to_device, free_on_device}; }
  Device device() const { return {Device::Kind::cuda, index_}; }
  void use_device() const { check_cuda(cudaSetDevice(index_), "cudaSetDevice({})", index_); }
  Staging& staging_of(Stream stream) { return stream.handle() == copy_ ? for_copy_ : for_compute_; }
  MemoryPool& pool_of(Stream stream) { return stream.handle() == copy_ ? of_copy_ : of_compute_; }

  int index_;
  cudaStream_t compute_ = nullptr, copy_ = nullptr;
  MemoryPool of_compute_{device(), source(), reuse_memory()}, of_copy_{device(), source(), reuse_memory()};
  Staging for_compute_, for_copy_;
};

cudaError_t count_devices(int& count) {
  count = 0;
  const cudaError_t error = cudaGetDeviceCount(&count);
  ignore_error(error);
  return error == cudaSuccess && count == 0 ? cudaErrorNoDevice : error;
}

}  // namespace

int device_count() {
  int count = 0;
  return count_devices(count) == cudaSuccess ? count : 0;
}

std::string why_no_device() {
  int count = 0;
  const cudaError_t error = count_devices(count);
  return error == cudaSuccess ? "" : "cudaGetDeviceCount: " + text_of(error);
}

bool is_fast() { return true; }

Runtime& runtime(int index) {
  static std::mutex mutex;
  static auto* all =
      new std::vector<std::unique_ptr<Runtime>>(device_count());  // never destroyed: tensors may outlive main
  check(index >= 0 && index < static_cast<int>(all->size()), "runtime: expected one of {} GPUs, got cuda:{}",
        all->size(), index);
  const std::lock_guard lock(mutex);
  auto& made = (*all)[static_cast<std::size_t>(index)];
  if (made == nullptr) made = std::make_unique<CudaRuntime>(index);
  return *made;
}

std::size_t free_memory(int index) {
  runtime(index).compute_stream();  // makes it the calling thread's device
  return free_on_device();
}

}  // namespace s4l::cuda
