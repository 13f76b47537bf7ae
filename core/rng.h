#pragma once
#include <array>
#include <cstdint>

namespace s4l {

/// What random numbers are for: streams of different purposes never meet.
enum class Purpose : std::uint32_t { init, split, order, augment, method, dataset, test };

/// Ten rounds of Philox4x32 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// A stream of random numbers that is a pure function of (seed, purpose, step, sample): nothing is
/// stored in a checkpoint, and any thread or device draws the same numbers.
class Rng {
 public:
  Rng(std::uint64_t seed, Purpose purpose, std::uint64_t step = 0, std::uint64_t sample = 0);

  std::uint32_t next();                       ///< 32 random bits
  float uniform();                            ///< in [0, 1), a multiple of 2^-24
  float uniform(float low, float high);       ///< in [low, high)
  std::int64_t below(std::int64_t n);         ///< in [0, n), unbiased; n > 0
  bool coin() { return (next() & 1u) != 0; }  ///< true half the time
  float normal();                             ///< standard normal (Box-Muller)

  /// Key (2 words) and counter (4) of the stream, which is not moved: a kernel draws its own numbers from them.
  std::array<std::int32_t, 6> words() const;

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace s4l
