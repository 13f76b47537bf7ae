// Runs one planted bug under one schedule: `planted NAME ORDER SEED` prints what the kernel gave, or the executor's
// error (exit 3), or dies of a sanitizer. `planted` alone lists the names, what must find each, and what would be
// right.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "planted/bug.h"

namespace {

std::vector<Bug> all_bugs() {
  std::vector<Bug> all;
  for (auto list : {block_bugs, warp_bugs, memory_bugs, race_bugs})
    for (Bug& bug : list()) all.push_back(std::move(bug));
  return all;
}

void print(const std::vector<float>& values) {
  for (const float value : values) std::printf(" %a", static_cast<double>(value));
  std::printf("\n");
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<Bug> bugs = all_bugs();
  if (count == 1) {
    for (const Bug& bug : bugs) {
      std::printf("%s\t%s\t", bug.name.c_str(), bug.found_by.c_str());
      print(bug.right);
    }
    return 0;
  }
  if (count != 4) return 2;
  auto& options = s4l::emulated::options();
  options.order = static_cast<s4l::emulated::Order>(std::atoi(arguments[2]));
  options.seed = static_cast<std::uint64_t>(std::atoll(arguments[3]));
  for (const Bug& bug : bugs)
    if (bug.name == arguments[1]) try {
        print(bug.run());
        return 0;
      } catch (const std::exception& error) {
        std::printf("%s\n", error.what());
        return 3;
      }
  return 2;
}
