#pragma once
#include <array>
#include <cstdint>

namespace s4l::cpu {

/// A square of pixels, taps or frequencies, each with a run of channels: (i, j) lies at data + i * row + j * column.
template <class Float>
struct Square {
  Float* data;
  std::int64_t row, column;
};

/// A square whose pixels lie anywhere, row by row: those outside of a picture at a run of zeros.
struct Pixels {
  std::array<const float*, 36> at;
};

/// The linear maps of Winograd's F(4x4, 3x3): a tile of 4x4 outputs is the inverse map of the product, frequency by
/// frequency, of 6x6 mapped inputs and 6x6 mapped weights; its gradients are the transposed maps.
enum class TileMap {
  input,            ///< 6x6 pixels -> 6x6 frequencies
  weight,           ///< 3x3 taps -> 6x6
  output,           ///< 6x6 -> 4x4 pixels
  output_gradient,  ///< 4x4 pixels -> 6x6
  weight_gradient,  ///< 6x6 -> 3x3 taps
};

/// Applies `map` to `channels` squares at once; at least as many as a vector has lanes, 16 at most.
void map_tile(TileMap map, const Square<const float>& from, const Square<float>& to, std::int64_t channels);
/// The same for TileMap::input and TileMap::output_gradient.
void map_tile(TileMap map, const Pixels& from, const Square<float>& to, std::int64_t channels);

}  // namespace s4l::cpu
