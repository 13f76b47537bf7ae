#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace s4l {

struct Device {
  enum class Kind : std::uint8_t { cpu, cuda };
  Kind kind = Kind::cpu;
  int index = 0;
  friend bool operator==(const Device&, const Device&) = default;
};

inline constexpr Device kCpu{};

/// What this build on this machine has; the CPU is always the first.
std::vector<Device> devices();
/// The first GPU, or the CPU where there is none.
Device default_device();
/// One line that says why a build with CUDA found no GPU on this machine; empty where it did, or has no CUDA.
std::string why_no_gpu();
/// "cpu", "cuda:0"
std::string to_text(Device device);
/// Reads "cpu", "cuda" or "cuda:1"; an error names what was expected or what this build lacks.
Device device_from(const std::string& text);

/// Threads that the CPU kernels use, the caller's included. Their results do not depend on it.
int num_threads();
/// Sets it; 0 means one per core that affinity and cgroup allow.
void set_num_threads(int threads);
/// Cores that affinity and the cgroup's quota leave to this process, at least 1.
int available_cores();

}  // namespace s4l
