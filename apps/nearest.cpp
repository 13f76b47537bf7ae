#include "s4l/apps/nearest.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "s4l/core/error.h"
#include "s4l/core/nearest.h"

namespace s4l::apps {
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates,
                         const std::string& prefix) {
  const std::string found = nearest(word, candidates);
  return found.empty() ? "" : fmt::format("; did you mean {}{}?", prefix, found);
}

void check_known(const std::string& what, const std::string& word, const std::vector<std::string>& candidates) {
  if (std::find(candidates.begin(), candidates.end(), word) != candidates.end()) return;
  std::string message = fmt::format("unknown {} \"{}\"", what, word);
  const std::string suggestion = did_you_mean(word, candidates);
  message += suggestion.empty() ? fmt::format("; expected one of {}", fmt::join(candidates, ", ")) : suggestion;
  throw Error(message);
}

}  // namespace s4l::apps
