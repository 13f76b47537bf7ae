#pragma once
#include <array>
#include <cstdint>

namespace s4l::cpu {

/// draw_normals() writes whole blocks: that many numbers more than it was asked for, at most.
constexpr std::int64_t kNormalsMargin = 64;

/// Writes the `size` standard normals of a row, drawn from the six words of an Rng, and returns the sum of their
/// squares. Four come of a block of Philox, whose last counter word says the row: plus one, apart from what Rng itself
/// draws.
double draw_normals(const std::array<std::uint32_t, 6>& words, std::int64_t row, std::int64_t size, float* to);

}  // namespace s4l::cpu
