#include "s4l/tests/support/registry.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "s4l/core/device/device.h"
#include "s4l/tests/support/op_case.h"

namespace s4l::test {
namespace {

const char* const kKernels[] = {
#include "kernel_names.inc"
};

std::string kind_of(const std::string& device) { return device.substr(0, device.find(':')); }

/// "kernel device type" for everything that was compared, without the device's number.
std::set<std::string> compared() {
  std::set<std::string> all;
  for (const std::string& entry : compared_kernels()) {
    std::istringstream words(entry);
    std::string kernel, device, type;
    words >> kernel >> device >> type;
    all.insert(kernel + " " + kind_of(device) + " " + type);
  }
  return all;
}

/// The same of the lines "program kernel device type type ..." about devices that there are.
std::set<std::string> claimed(const std::string& program) {
  std::set<std::string> here, all;
  for (const Device& device : devices()) here.insert(kind_of(to_text(device)));
  std::ifstream file(S4L_SOURCE_DIR "/tests/golden/kernel_types.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string where, kernel, device, type;
    words >> where >> kernel >> device;
    if (where == program && here.contains(device))
      while (words >> type) all.insert(kernel + " " + device + " " + type);
  }
  return all;
}

}  // namespace

std::vector<std::string> differences_from_claims(const std::string& program) {
  const std::set<std::string> claims = claimed(program), done = compared();
  std::vector<std::string> lines;
  for (const std::string& claim : claims)
    if (!done.contains(claim)) lines.push_back(claim + ": claimed and never compared");
  for (const std::string& entry : done)
    if (!claims.contains(entry)) lines.push_back(entry + ": compared and not claimed");
  if (program != "ops") return lines;
  for (const char* kernel : kKernels)
    for (const Device& device : devices()) {
      const std::string start = std::string(kernel) + " " + kind_of(to_text(device)) + " ";
      if (std::none_of(claims.begin(), claims.end(), [&](const auto& claim) { return claim.starts_with(start); }))
        lines.push_back(start + "has no line");
    }
  return lines;
}

void check_claims(const std::string& program, bool whole_run, bool failed) {
  if (!whole_run || failed) return;  // a filtered run says nothing about the rest
  const auto differences = differences_from_claims(program);
  for (const std::string& line : differences) std::fprintf(stderr, "registry: %s\n", line.c_str());
  std::printf("registry: %zu kernels declared, %zu (kernel, device, type) compared, %zu differences from the claims\n",
              std::size(kKernels), compared().size(), differences.size());
  if (differences.empty()) return;
  std::fflush(stdout);
  std::_Exit(1);  // Catch2 v2 has no other way to fail a run from a listener
}

}  // namespace s4l::test
