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
HWY_INLINE void philox(VU (&counter)[4], std::uint32_t key0, std::uint32_t key1) {
  const auto block =
      s4l::philox({hn::GetLane(counter[0]), hn::GetLane(counter[1]), hn::GetLane(counter[2]), hn::GetLane(counter[3])},
                  {key0, key1});
  for (std::size_t i = 0; i < 4; ++i) counter[i] = hn::Set(DU(), block[i]);
}
#else
using DW = hn::RepartitionToWide<DU>;
using VW = hn::Vec<DW>;

/// philox() of core/rng.h for counters whose words are the lower halves of 64 bits, as products leave them; the upper
/// halves are whatever they are.
HWY_INLINE void philox_halves(VW (&counter)[4], std::uint32_t key0, std::uint32_t key1) {
  const DU du;
  const DW dw;
  const auto product = [&](VW a, std::uint32_t factor)
                           HWY_ATTR { return hn::MulEven(hn::BitCast(du, a), hn::Set(du, factor)); };
#pragma GCC unroll 10
  for (int round = 0; round < 10; ++round, key0 += 0x9E3779B9u, key1 += 0xBB67AE85u) {
    const VW a = product(counter[0], 0xD2511F53u), b = product(counter[2], 0xCD9E8D57u);
    counter[0] = hn::Xor(hn::Xor(hn::ShiftRight<32>(b), counter[1]), hn::Set(dw, key0));
    counter[1] = b;
    counter[2] = hn::Xor(hn::Xor(hn::ShiftRight<32>(a), counter[3]), hn::Set(dw, key1));
    counter[3] = a;
  }
}

/// philox() for a vector of counters.
HWY_INLINE void philox(VU (&counter)[4], std::uint32_t key0, std::uint32_t key1) {
  const DU du;
  const DW dw;
  VW even[4], odd[4];
  for (int i = 0; i < 4; ++i) {
    even[i] = hn::BitCast(dw, counter[i]);
    odd[i] = hn::ShiftRight<32>(even[i]);
  }
  philox_halves(even, key0, key1);
  philox_halves(odd, key0, key1);
  for (int i = 0; i < 4; ++i)
    counter[i] = hn::OddEven(hn::BitCast(du, hn::ShiftLeft<32>(odd[i])), hn::BitCast(du, even[i]));
}
#endif

/// The coefficients' polynomial in x, the highest first.
template <std::size_t n>
HWY_INLINE V polynomial(V x, const float (&coefficients)[n]) {
  V sum = hn::Set(D(), coefficients[0]);
#pragma GCC unroll 8
  for (std::size_t i = 1; i < n; ++i) sum = hn::MulAdd(sum, x, hn::Set(D(), coefficients[i]));
  return sum;
}

/// -2 log u of u = (a / 2^8 + 1) / 2^24 in (0, 1], from u = 2^e (1 + x), sqrt(1/2) <= 1 + x < sqrt(2).
HWY_INLINE V squared_radius(VU a) {
  const D d;
  const DI di;
  const V number = hn::ConvertTo(d, hn::Add(hn::BitCast(di, hn::ShiftRight<8>(a)), hn::Set(di, 1)));
  const VI bits = hn::BitCast(di, number), e = hn::ShiftRight<23>(hn::Sub(bits, hn::Set(di, 0x3f3504f3)));
  const V x = hn::Sub(hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<23>(e))), hn::Set(d, 1));
  const V p = polynomial(x, {0.0873484439f, -0.143075223f, 0.149179734f, -0.165705081f, 0.199620721f, -0.250017553f,
                             0.333339502f, -0.499999916f});  // minimax: 3e-8 of log(1 + x) = x + x^2 p(x)
  const V log_x = hn::MulAdd(hn::Mul(x, x), p, x);
  const V log_u = hn::MulAdd(hn::ConvertTo(d, hn::Sub(e, hn::Set(di, 24))), hn::Set(d, 0.693147181f), log_x);
  return hn::Mul(hn::Set(d, -2), log_u);
}

/// Cosine and sine of b / 2^32 turns, b's lowest byte left out: of the angle to the nearest quarter, then turned.
HWY_INLINE void direction(VU b, V& cosine, V& sine) {
  const D d;
  const DI di;
  const V quarters = hn::Mul(hn::ConvertTo(d, hn::BitCast(di, hn::ShiftRight<8>(b))), hn::Set(d, 0x1p-22f));
  const VI quarter = hn::NearestInt(quarters);
  const V f = hn::Sub(quarters, hn::ConvertTo(d, quarter)), g = hn::Mul(f, f);  // minimax: 3e-9 and 4e-8
  const V s = hn::Mul(f, polynomial(g, {-0.004601657887f, 0.07968003277f, -0.6459634602f, 1.570796322f}));
  const V c = polynomial(g, {-0.020417283f, 0.2536032111f, -1.233697706f, 1.0f});
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

double normals_of_row(const std::array<std::uint32_t, 6>& words, std::int64_t row, std::int64_t size, float* to) {
  const D d;
  const DU du;
  const auto step = 4 * static_cast<std::int64_t>(hn::Lanes(d));
  constexpr std::int64_t kSteps = 64;  // whose squares are added in f32
  double squares = 0;
  for (std::int64_t begin = 0; begin < size; begin += kSteps * step) {
    V sum = hn::Zero(d);
    for (std::int64_t i = begin; i < std::min(begin + kSteps * step, size); i += step) {
      VU block[4] = {hn::Iota(du, words[2] + static_cast<std::uint32_t>(i / 4)), hn::Set(du, words[3]),
                     hn::Set(du, words[4]), hn::Set(du, words[5] + static_cast<std::uint32_t>(row) + 1)};
      philox(block, words[0], words[1]);
      V a, b, c, e;
      const V pairs = hn::Add(normal_pair(block[0], block[1], a, b), normal_pair(block[2], block[3], c, e));
      hn::StoreInterleaved4(a, b, c, e, d, to + i);
      if (i + step <= size) sum = hn::Add(sum, pairs);
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
