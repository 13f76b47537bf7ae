#include "s4l/core/nearest.h"

#include <algorithm>
#include <numeric>

namespace s4l {
namespace {

// Damerau-Levenshtein in its restricted form: a swap of two neighbours counts once, as a typist makes it.
std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string nearest(const std::string& word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t smallest = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    // A beginning of a long name is meant even where much is missing: "--unlab".
    const bool begins = word.size() >= 3 && candidate.starts_with(word);
    const auto [less, more] = std::minmax({word.size(), candidate.size()});
    if (!begins && more - less > smallest) continue;  // each letter too many is an edit
    const std::size_t distance = begins ? 1 : edit_distance(word, candidate);
    const bool shorter = distance == smallest && candidate.size() < best.size();
    if ((distance < smallest || shorter) && distance < candidate.size()) {
      smallest = distance;
      best = candidate;
    }
  }
  return best;
}

}  // namespace s4l
