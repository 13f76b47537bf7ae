#include "s4l/core/rng.h"

#include <bit>
#include <cmath>
#include <numbers>

namespace s4l {
namespace {

std::uint64_t mix(std::uint64_t x) {  // splitmix64's finaliser
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace

std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> c, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53u} * c[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * c[2];
    c = {static_cast<std::uint32_t>(b >> 32) ^ c[1] ^ key[0], static_cast<std::uint32_t>(b),
         static_cast<std::uint32_t>(a >> 32) ^ c[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9u;
    key[1] += 0xBB67AE85u;
  }
  return c;
}

// The key holds seed and purpose; the counter's upper words hold step and sample, hashed to 64 bits
// together, so that 2^32 blocks of four numbers follow each other in the lowest word.
Rng::Rng(std::uint64_t seed, Purpose purpose, std::uint64_t step, std::uint64_t sample) {
  const std::uint64_t key = mix(seed + 0x9e3779b97f4a7c15u * (1 + static_cast<std::uint64_t>(purpose)));
  const std::uint64_t where = mix(step + 0x9e3779b97f4a7c15u);
  const std::uint64_t which = sample;
  key_ = {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
  const std::uint64_t place = where ^ mix(which + 0xd1b54a32d192ed03u);
  counter_ = {0, static_cast<std::uint32_t>(place), static_cast<std::uint32_t>(place >> 32),
              static_cast<std::uint32_t>(which)};
}

std::uint32_t Rng::next() {
  if (used_ == 4) {
    block_ = philox(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }
  return block_[static_cast<std::size_t>(used_++)];
}

float Rng::uniform() { return static_cast<float>(next() >> 8) * 0x1p-24f; }

float Rng::uniform(float low, float high) {
  const float value = low + (high - low) * uniform();
  return value < high || high <= low ? value : std::nextafter(high, low);
}

std::int64_t Rng::below(std::int64_t n) {
  const auto range = static_cast<std::uint64_t>(n);
  const std::uint64_t limit = ~std::uint64_t{0} - ~std::uint64_t{0} % range;
  for (;;) {
    const std::uint64_t draw = (std::uint64_t{next()} << 32) | next();
    if (draw < limit) return static_cast<std::int64_t>(draw % range);
  }
}

float Rng::normal() {
  const float u = 1.0f - uniform();  // in (0, 1]: its logarithm is finite
  const float v = uniform();
  return std::sqrt(-2.0f * std::log(u)) * std::cos(2.0f * std::numbers::pi_v<float> * v);
}

std::array<std::int32_t, 6> Rng::words() const {
  return std::bit_cast<std::array<std::int32_t, 6>>(
      std::array<std::uint32_t, 6>{key_[0], key_[1], counter_[0], counter_[1], counter_[2], counter_[3]});
}

}  // namespace s4l
