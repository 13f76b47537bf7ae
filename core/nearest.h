#pragma once
#include <string>
#include <vector>

namespace s4l {

/// The candidate with the smallest edit distance to `word`, empty if none is near enough to be meant.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace s4l
