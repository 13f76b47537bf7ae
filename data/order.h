#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "s4l/core/rng.h"

namespace s4l::data {

using Permutation = std::vector<std::int64_t>;

/// The numbers 0 .. size - 1 in an order drawn from `rng`, every order equally likely.
Permutation random_permutation(std::int64_t size, Rng rng);

/// The endless order of one stream: a new permutation of 0 .. size - 1 each epoch, a function of seed, stream and
/// epoch alone. May be asked by several threads at once.
class Order {
 public:
  Order(std::int64_t size, std::uint64_t seed, std::uint64_t stream) : size_(size), seed_(seed), stream_(stream) {}
  std::int64_t size() const { return size_; }
  std::shared_ptr<const Permutation> epoch(std::int64_t number) const;

 private:
  struct Known {
    std::int64_t epoch = -1;
    std::shared_ptr<const Permutation> permutation;
  };
  std::int64_t size_;
  std::uint64_t seed_, stream_;
  mutable std::mutex mutex_;
  mutable std::array<Known, 2> known_;  // around the end of an epoch the threads need two
};

}  // namespace s4l::data
