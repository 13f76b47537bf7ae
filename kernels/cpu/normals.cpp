// A pair of normals is a radius, of one random word, times the cosine and sine of an angle, of another; the square of
// the radius is the pair's share of the sum of squares.
#include "s4l/kernels/cpu/normals.h"

#include <algorithm>

#include "s4l/core/rng.h"
#include "s4l/kernels/cpu/dot.h"
#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/kernels/cpu/normals.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
#include "s4l/kernels/cpu/log-inl.h"

HWY_BEFORE_NAMESPACE();
namespace s4l::cpu::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using DI = hn::RebindToSigned<D>;
using DU = hn::RebindToUnsigned<D>;
using V = hn::Vec<D>;
using VI = hn::Vec<DI>;
using VU = hn::Vec<DU>;

#if HWY_TARGET == HWY_SCALAR
using RoundKeys = std::array<std::uint32_t, 2>;

HWY_INLINE void philox(VU (&counters)[2][4], const RoundKeys& key) {
  for (VU(&counter)[4] : counters) {
    const auto block = s4l::philox(
        {hn::GetLane(counter[0]), hn::GetLane(counter[1]), hn::GetLane(counter[2]), hn::GetLane(counter[3])}, key);
    for (std::size_t i = 0; i < 4; ++i) counter[i] = hn::Set(DU(), block[i]);
  }
}
#else
using DW = hn::RepartitionToWide<DU>;
using VW = hn::Vec<DW>;

/// The keys of the ten rounds, two each.
struct RoundKeys {
  std::uint64_t keys[20];

  RoundKeys(std::uint32_t key0, std::uint32_t key1) {
    for (std::size_t i = 0; i < 20; i += 2, key0 += 0x9E3779B9u, key1 += 0xBB67AE85u) {
      keys[i] = key0;
      keys[i + 1] = key1;
    }
  }
};

/// philox() of core/rng.h for `n` vectors of counters, whose words are the lower halves of 64 bits, as products leave
/// them; the upper halves are whatever they are. Rounds are chains of dependent steps: the vectors take turns.
template <std::size_t n>
HWY_INLINE void philox_halves(VW (&counters)[n][4], const RoundKeys& round) {
  const DU du;
  const DW dw;
  const auto product = [&](VW a, std::uint32_t factor)
                           HWY_ATTR { return hn::MulEven(hn::BitCast(du, a), hn::Set(du, factor)); };
  for (std::size_t i = 0; i < 20; i += 2) {
    const VW key0 = hn::Set(dw, round.keys[i]), key1 = hn::Set(dw, round.keys[i + 1]);
#pragma GCC unroll 4
    for (std::size_t k = 0; k < n; ++k) {
      VW(&counter)[4] = counters[k];
      const VW a = product(counter[0], 0xD2511F53u), b = product(counter[2], 0xCD9E8D57u);
      counter[0] = hn::Xor(hn::Xor(hn::ShiftRight<32>(b), counter[1]), key0);
      counter[1] = b;
      counter[2] = hn::Xor(hn::Xor(hn::ShiftRight<32>(a), counter[3]), key1);
      counter[3] = a;
    }
  }
}

/// philox() for two vectors of counters.
HWY_INLINE void philox(VU (&counters)[2][4], const RoundKeys& round) {
  const DU du;
  const DW dw;
  VW halves[4][4];
  for (std::size_t k = 0; k < 2; ++k)
    for (std::size_t i = 0; i < 4; ++i) {
      halves[2 * k][i] = hn::BitCast(dw, counters[k][i]);
      halves[2 * k + 1][i] = hn::ShiftRight<32>(halves[2 * k][i]);
    }
  philox_halves(halves, round);
  for (std::size_t k = 0; k < 2; ++k)
    for (std::size_t i = 0; i < 4; ++i)
      counters[k][i] =
          hn::OddEven(hn::BitCast(du, hn::ShiftLeft<32>(halves[2 * k + 1][i])), hn::BitCast(du, halves[2 * k][i]));
}
#endif

/// -2 log u of u = (a / 2^8 + 1) / 2^24 in (0, 1].
HWY_INLINE V squared_radius(VU a) {
  const D d;
  const DI di;
  const V number = hn::ConvertTo(d, hn::Add(hn::BitCast(di, hn::ShiftRight<8>(a)), hn::Set(di, 1)));
  return hn::Mul(hn::Set(d, -2), log_of_normal(d, number, -24));
}

/// Cosine and sine of b / 2^32 turns, b's lowest byte left out: of the angle to the nearest quarter, then turned.
HWY_INLINE void direction(VU b, V& cosine, V& sine) {
  const D d;
  const DI di;
  const V quarters = hn::Mul(hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<8>(b))), hn::Set(d, 0x1p-22f));
  const VI quarter = hn::NearestInt(quarters);
  const V f = hn::Sub(quarters, hn::ConvertTo(d, quarter)), g = hn::Mul(f, f);  // minimax: 3e-9 and 4e-8
  const V s = hn::Mul(f, polynomial(d, g, {-0.004601657887f, 0.07968003277f, -0.6459634602f, 1.570796322f}));
  const V c = polynomial(d, g, {-0.020417283f, 0.2536032111f, -1.233697706f, 1.0f});
  const auto odd = hn::RebindMask(d, hn::TestBit(quarter, hn::Set(di, 1)));
  const auto sign = [&](VI half) HWY_ATTR {  // that of bit 1
    return hn::BitCast(d, hn::ShiftLeft<31>(hn::ShiftRight<1>(half)));
  };
  cosine = hn::Xor(hn::IfThenElse(odd, s, c), sign(hn::Add(quarter, hn::Set(di, 1))));
  sine = hn::Xor(hn::IfThenElse(odd, c, s), sign(quarter));
}

/// formula::normal_pair for vectors; returns the sum of the squares.
HWY_INLINE V normal_pair(VU a, VU b, V& first, V& second) {
  const V squared = squared_radius(a), radius = hn::Sqrt(squared);
  direction(b, first, second);
  first = hn::Mul(radius, first);
  second = hn::Mul(radius, second);
  return squared;
}

/// Writes the words of so many blocks from block `first` of a row on: a vector of each block's first, then of the
/// others.
void draw_words(const std::array<std::uint32_t, 6>& words, std::uint32_t row, std::uint32_t first, std::int64_t steps,
                std::uint32_t* to) {
  const DU du;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(du));
  const RoundKeys keys{words[0], words[1]};
  for (std::int64_t i = 0; i < steps; i += 2) {
    VU blocks[2][4];
    for (VU(&block)[4] : blocks) {
      block[0] = hn::Iota(du, words[2] + first + static_cast<std::uint32_t>((i + (&block - blocks)) * lanes));
      block[1] = hn::Set(du, words[3]);
      block[2] = hn::Set(du, words[4]);
      block[3] = hn::Set(du, words[5] + row + 1);
    }
    philox(blocks, keys);
    for (const VU(&block)[4] : blocks)
      for (const VU word : block) {
        hn::StoreU(word, du, to);
        to += lanes;
      }
  }
}

/// In two loops over what the first cache holds: each is a chain of dependent steps, of which several must fit into the
/// processor's window.
double normals_of_row(const std::array<std::uint32_t, 6>& words, std::int64_t row, std::int64_t size, float* to) {
  const D d;
  const DU du;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d)), step = 4 * lanes;
  constexpr std::int64_t kSteps = 32;  // whose squares are added in f32
  HWY_ALIGN std::uint32_t random[kSteps * 4 * hn::MaxLanes(D())];
  double squares = 0;
  for (std::int64_t begin = 0; begin < size; begin += kSteps * step) {
    const std::int64_t steps = std::min(kSteps, (size - begin + step - 1) / step);
    draw_words(words, static_cast<std::uint32_t>(row), static_cast<std::uint32_t>(begin / 4), steps, random);
    V sum = hn::Zero(d);
    for (std::int64_t i = 0; i < steps; ++i) {
      const std::uint32_t* const block = random + i * step;
      V a, b, c, e;
      const V first = normal_pair(hn::Load(du, block), hn::Load(du, block + lanes), a, b);
      const V second = normal_pair(hn::Load(du, block + 2 * lanes), hn::Load(du, block + 3 * lanes), c, e);
      hn::StoreInterleaved4(a, b, c, e, d, to + begin + i * step);
      if (begin + (i + 1) * step <= size) sum = hn::Add(sum, hn::Add(first, second));
    }
    squares += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sum)));
  }
  const float* const rest = to + size / step * step;
  return squares + dot(rest, rest, size % step);
}

}  // namespace s4l::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::cpu {

HWY_EXPORT(normals_of_row);

double draw_normals(const std::array<std::uint32_t, 6>& words, std::int64_t row, std::int64_t size, float* to) {
  return HWY_DYNAMIC_DISPATCH(normals_of_row)(words, row, size, to);
}

}  // namespace s4l::cpu
#endif
