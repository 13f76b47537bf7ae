#include "s4l/data/order.h"

#include <numeric>
#include <utility>

namespace s4l::data {

Permutation random_permutation(std::int64_t size, Rng rng) {  // Fisher-Yates
  Permutation order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::int64_t i = size - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(rng.below(i + 1))]);
  return order;
}

std::shared_ptr<const Permutation> Order::epoch(std::int64_t number) const {
  const std::lock_guard lock(mutex_);
  Known& known = known_[static_cast<std::size_t>(number % 2)];
  if (known.epoch != number) {
    const Rng rng(seed_, Purpose::order, static_cast<std::uint64_t>(number), stream_);
    known = {number, std::make_shared<const Permutation>(random_permutation(size_, rng))};
  }
  return known.permutation;
}

}  // namespace s4l::data
