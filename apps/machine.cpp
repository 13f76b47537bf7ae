#include "s4l/apps/machine.h"

#include <unistd.h>

#include <fstream>

#include <fmt/format.h>

#include "git_commit.h"
#include "s4l/core/device/runtime.h"
#include "s4l/core/sanitizer.h"
#include "s4l/apps/table.h"

namespace s4l::apps {
namespace {

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

std::string instruction_sets() {
  std::string sets = "x86-64";
  if (__builtin_cpu_supports("avx2")) sets += " avx2";
  if (__builtin_cpu_supports("fma")) sets += " fma";
  if (__builtin_cpu_supports("avx512f")) sets += " avx512f";
  if (__builtin_cpu_supports("avx512bw")) sets += " avx512bw";
  return sets;
}

std::string memory_size() {
  const double bytes = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
  return fmt::format("{:.1f} GiB", bytes / (1 << 30));
}

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "gcc " __VERSION__;
#endif
}

std::string build() {
#ifdef NDEBUG
  std::string text = "release";
#else
  std::string text = "debug";
#endif
  if (S4L_ADDRESS_SANITIZER) text += ", address sanitizer";
  if (S4L_THREAD_SANITIZER) text += ", thread sanitizer";
  return text;
}

std::string device_names() {
  std::string names;
  for (const Device device : devices()) {
    names += (names.empty() ? "" : ", ") + to_text(device);
    if (device != kCpu) names += " (" + runtime(device).description() + ")";
  }
  const std::string why = why_no_gpu();
  return why.empty() ? names : names + "; no GPU: " + why;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> machine_facts() {
  return {{"version", S4L_VERSION},
          {"compiler", compiler()},
          {"git", S4L_GIT_COMMIT},
          {"build", build()},
          {"processor", processor_name()},
          {"instructions", instruction_sets()},
          {"memory", memory_size()},
          {"threads", fmt::format("{} of {}", num_threads(), counted(available_cores(), "usable core"))},
          {"devices", device_names()}};
}

}  // namespace s4l::apps
