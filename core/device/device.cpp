// Which devices there are and what runs them.
#include "s4l/core/device/device.h"

#include "s4l/core/device/runtime.h"
#include "s4l/core/error.h"
#ifdef S4L_WITH_CUDA
#include "s4l/core/device/cuda.h"
#endif

namespace s4l {

#ifdef S4L_WITH_CUDA
std::vector<Device> devices() {
  static const int count = cuda::device_count();
  std::vector<Device> all = {kCpu};
  for (int i = 0; i < count; ++i) all.push_back({Device::Kind::cuda, i});
  return all;
}

Device default_device() { return cuda::is_fast() && devices().size() > 1 ? devices()[1] : kCpu; }

std::string why_no_gpu() { return cuda::why_no_device(); }

Runtime& runtime(Device device) { return device == kCpu ? cpu_runtime() : cuda::runtime(device.index); }
#else
std::vector<Device> devices() { return {kCpu}; }

Device default_device() { return kCpu; }

std::string why_no_gpu() { return ""; }

Runtime& runtime(Device device) {
  check(device == kCpu, "runtime: expected cpu (this build has no CUDA), got {}", device);
  return cpu_runtime();
}
#endif

std::string to_text(Device device) {
  return device.kind == Device::Kind::cpu ? "cpu" : "cuda:" + std::to_string(device.index);
}

Device device_from(const std::string& text) {
  for (const Device& device : devices()) {
    const std::string name = to_text(device);
    if (text == name || (device.index == 0 && text == name.substr(0, name.find(':')))) return device;
  }
  std::string have;
  for (const Device& device : devices()) have += (have.empty() ? "" : ", ") + to_text(device);
  fail(ErrorKind::usage, "device: expected one of {} (what this build on this machine has), got \"{}\"", have, text);
}

}  // namespace s4l
