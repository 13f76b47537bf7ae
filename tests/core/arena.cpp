#include "s4l/core/device/arena.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace s4l;

namespace {

/// The flags of the mapping that `at` lies in, as /proc/self/smaps lists them.
std::string mapping_flags(const void* at) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(at);
  std::ifstream file("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::uintptr_t begin = 0, end = 0;
    char dash = 0;
    if (words >> std::hex >> begin >> dash >> end && dash == '-') inside = begin <= wanted && wanted < end;
    if (inside && line.starts_with("VmFlags:")) return line + " ";
  }
  return "";
}

}  // namespace

TEST_CASE("large blocks lie in memory for which the system is asked for pages of 2 MiB") {
  if (!std::filesystem::exists("/sys/kernel/mm/transparent_hugepage")) {
    WARN("SKIPPED: this kernel has no transparent huge pages");
    return;
  }
  Arena arena;
  constexpr std::size_t kBytes = 8 << 20;
  void* const block = arena.take(kBytes);
  const std::string flags = mapping_flags(block);
  INFO(flags);
  CHECK(flags.find(" hg ") != std::string::npos);
  arena.give(block, kBytes);
}

TEST_CASE("a size is told in the unit that suits it") {
  CHECK(size_text(0) == "0 bytes");
  CHECK(size_text(1023) == "1023 bytes");
  CHECK(size_text(1024) == "1.0 KiB");
  CHECK(size_text(12'800) == "12.5 KiB");
  CHECK(size_text(1 << 20) == "1.0 MiB");
  CHECK(size_text((25 << 19) + 1) == "12.5 MiB");
}
