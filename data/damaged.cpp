#include "s4l/data/damaged.h"

#include <algorithm>

#include "s4l/core/error.h"

namespace s4l::data {

std::int64_t allowed_damaged(std::int64_t total, double percent) {
  return std::max<std::int64_t>(1, static_cast<std::int64_t>(static_cast<double>(total) * percent / 100));
}

void check_damaged(const std::vector<Damaged>& damaged, std::int64_t total, double percent, const std::string& where) {
  constexpr std::size_t kShown = 3;
  if (static_cast<std::int64_t>(damaged.size()) <= allowed_damaged(total, percent)) return;
  std::string examples;
  for (std::size_t i = 0; i < std::min(kShown, damaged.size()); ++i)
    examples += (i == 0 ? "" : "; ") + damaged[i].path + ": " + damaged[i].reason;
  fail(ErrorKind::data, "{}: {} of {} pictures are damaged, expected at most {} % (--max-damaged): {}{}", where,
       damaged.size(), total, percent, examples, damaged.size() > kShown ? "; ..." : "");
}

}  // namespace s4l::data
