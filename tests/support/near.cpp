#include "s4l/tests/support/near.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "s4l/core/rng.h"

namespace s4l::test {

std::vector<double> doubles(const Tensor& x) {
  if (x.dtype() == DType::i32) {
    const auto values = values_of<std::int32_t>(x);
    return {values.begin(), values.end()};
  }
  return with_float(x.dtype(), [&]<class T>() {
    const auto values = values_of<T>(x);
    return std::vector<double>(values.begin(), values.end());
  });
}

Tensor random_tensor(Shape shape, DType dtype, std::uint64_t seed, double scale, Device device) {
  Rng rng(seed, Purpose::test);
  return with_float(dtype, [&]<class T>() {
    std::vector<T> values(static_cast<std::size_t>(shape.numel()));
    for (T& value : values) value = static_cast<T>(scale * static_cast<double>(rng.normal()));
    return from_values(values, shape, device);
  });
}

double relative_error(const Tensor& a, const Tensor& b) {
  const auto x = doubles(a), y = doubles(b);
  REQUIRE(x.size() == y.size());
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    difference += (x[i] - y[i]) * (x[i] - y[i]);
    size += y[i] * y[i];
  }
  const double error = size > 0 ? std::sqrt(difference / size) : std::sqrt(difference);
  return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

bool is_near(double got, double wanted, double rtol, double atol) {
  if (std::isnan(wanted)) return std::isnan(got);
  return got == wanted || (std::isfinite(wanted) && std::abs(got - wanted) <= atol + rtol * std::abs(wanted));
}

void check_near(const Tensor& a, const std::vector<double>& b, double rtol, double atol) {
  const auto x = doubles(a);
  REQUIRE(x.size() == b.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool near = is_near(x[i], b[i], rtol, atol);
    if (!near) {
      INFO("element " << i << ": expected " << b[i] << ", got " << x[i]);
      REQUIRE(near);
    }
  }
  SUCCEED();
}

}  // namespace s4l::test
