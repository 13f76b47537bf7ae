#pragma once
#include <string>
#include <vector>

namespace s4l::apps {

/// "; did you mean X?" or nothing: what an error about an unknown `word` ends with.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& candidates,
                         const std::string& prefix = "");
/// Throws Error(usage) with a suggestion unless `word` is one of the candidates.
void check_known(const std::string& what, const std::string& word, const std::vector<std::string>& candidates);

/// The names of a registry's entries: methods(), models(), datasets(), recipes().
template <class Entries>
std::vector<std::string> names_of(const Entries& entries) {
  std::vector<std::string> names;
  for (const auto& entry : entries) names.emplace_back(entry.name);
  return names;
}

}  // namespace s4l::apps
