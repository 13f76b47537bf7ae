#pragma once

namespace s4l::emulated {

/// What one lane holds of a product D (16x8) += A (16x16) B (16x8), in the layout of PTX's mma.m16n8k16 for bf16:
/// c: rows g and g+8, columns 2q and 2q+1 with g = lane / 4, q = lane % 4; a and b: pairs of neighbours along k.
struct TileRegisters {
  float* c;
  const unsigned* a;  ///< 4 pairs of bf16
  const unsigned* b;  ///< 2 pairs
};

/// The product of all 32 lanes' parts, summed in double.
void multiply_tile(const TileRegisters* const registers[32]);

}  // namespace s4l::emulated
