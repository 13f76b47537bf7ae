#pragma once
#include <cstdint>

namespace s4l::cpu {

/// Sum of term(0) ... term(n - 1) in double, as eight sums that vectorise, in an order that depends on n alone.
template <class Term>
double eight_sums(std::int64_t n, const Term& term) {
  constexpr std::int64_t kSums = 8;
  double sums[kSums] = {}, sum = 0;
  std::int64_t i = 0;
  for (; i + kSums <= n; i += kSums)
    for (std::int64_t k = 0; k < kSums; ++k) sums[k] += term(i + k);
  for (; i < n; ++i) sum += term(i);
  for (const double part : sums) sum += part;
  return sum;
}

/// a . b in double: squares of tiny gradients do not underflow.
template <class T>
double dot(const T* a, const T* b, std::int64_t n) {
  return eight_sums(n, [=](std::int64_t i) { return static_cast<double>(a[i]) * static_cast<double>(b[i]); });
}

/// |a - b|^2 in double; the same bits with a and b exchanged.
template <class T>
double squared_distance(const T* a, const T* b, std::int64_t n) {
  return eight_sums(n, [=](std::int64_t i) {
    const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    return difference * difference;
  });
}

}  // namespace s4l::cpu
