#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace s4l::data {

/// A picture that could not be read, and why; it takes part in nothing.
struct Damaged {
  std::string path, reason;
};

/// How many of `total` pictures may be damaged: `percent` of them, but at least one.
std::int64_t allowed_damaged(std::int64_t total, double percent);
/// Throws Error(data), with examples, where more of `total` pictures are damaged; `where` is the source.
void check_damaged(const std::vector<Damaged>& damaged, std::int64_t total, double percent, const std::string& where);

}  // namespace s4l::data
