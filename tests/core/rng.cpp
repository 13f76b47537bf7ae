#include "s4l/core/rng.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>

using namespace s4l;

TEST_CASE("philox gives the published known answers") {  // kat_vectors of Random123, philox4x32 10
  using Four = std::array<std::uint32_t, 4>;
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Four{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const std::uint32_t f = 0xffffffff;
  CHECK(philox({f, f, f, f}, {f, f}) == Four{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Four{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("a stream is a function of seed, purpose, step and sample, and each of them matters") {
  const auto first = [](Rng rng) { return std::pair(rng.next(), rng.next()); };
  CHECK(first(Rng(1, Purpose::init, 2, 3)) == first(Rng(1, Purpose::init, 2, 3)));
  std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
  for (std::uint64_t seed : {0, 1, 2})
    for (Purpose purpose : {Purpose::init, Purpose::augment})
      for (std::uint64_t step : {0, 1, 2})
        for (std::uint64_t sample : {0, 1, 2}) seen.insert(first(Rng(seed, purpose, step, sample)));
  CHECK(seen.size() == 3 * 2 * 3 * 3);
}

TEST_CASE("uniform, normal and coin have the moments they should") {
  Rng rng(7, Purpose::test);
  const int n = 200000;
  double u = 0, uu = 0, g = 0, gg = 0, heads = 0;
  for (int i = 0; i < n; ++i) {
    const double x = static_cast<double>(rng.uniform()), y = static_cast<double>(rng.normal());
    REQUIRE((0 <= x && x < 1));
    u += x;
    uu += x * x;
    g += y;
    gg += y * y;
    heads += rng.coin();
  }
  CHECK(std::abs(u / n - 0.5) < 0.003);
  CHECK(std::abs(uu / n - 1.0 / 3) < 0.003);
  CHECK(std::abs(g / n) < 0.01);
  CHECK(std::abs(gg / n - 1) < 0.02);
  CHECK(std::abs(heads / n - 0.5) < 0.005);
}

TEST_CASE("below draws every number of its range, equally often") {
  Rng rng(8, Purpose::test);
  std::array<int, 7> count{};
  for (int i = 0; i < 70000; ++i) ++count.at(static_cast<std::size_t>(rng.below(7)));
  for (int c : count) CHECK(std::abs(c - 10000) < 500);
  CHECK(rng.below(1) == 0);
}

TEST_CASE("uniform of a range stays below its end, even where rounding would reach it") {
  Rng rng(9, Purpose::test);
  const float high = std::nextafter(1.0f, 2.0f);
  for (int i = 0; i < 1000; ++i) REQUIRE(rng.uniform(1.0f, high) == 1.0f);
}
