#include "s4l/kernels/emulated/tensor_core.h"

#include <bit>
#include <cstdint>

namespace s4l::emulated {
namespace {

/// Half `upper` of a pair of bf16.
double part(unsigned pair, int upper) { return std::bit_cast<float>(upper != 0 ? pair & 0xffff0000u : pair << 16); }

}  // namespace

void multiply_tile(const TileRegisters* const registers[32]) {
  double a[16][16], b[16][8];
  for (int lane = 0; lane < 32; ++lane) {
    const int g = lane / 4, q = lane % 4;
    for (int i = 0; i < 4; ++i)  // rows g, g+8, g, g+8; the last two in the right half of k
      for (int half = 0; half < 2; ++half)
        a[g + 8 * (i % 2)][2 * q + half + 8 * (i / 2)] = part(registers[lane]->a[i], half);
    for (int i = 0; i < 2; ++i)
      for (int half = 0; half < 2; ++half) b[2 * q + half + 8 * i][g] = part(registers[lane]->b[i], half);
  }
  for (int lane = 0; lane < 32; ++lane) {
    const int g = lane / 4, q = lane % 4;
    for (int i = 0; i < 4; ++i) {
      const int row = g + 8 * (i / 2), column = 2 * q + i % 2;
      double sum = registers[lane]->c[i];
      for (int k = 0; k < 16; ++k) sum += a[row][k] * b[k][column];
      registers[lane]->c[i] = static_cast<float>(sum);
    }
  }
}

}  // namespace s4l::emulated
