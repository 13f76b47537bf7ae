#pragma once
#include <string>
#include <vector>

#include "s4l/core/tensor.h"

namespace s4l::test {

/// The numbers of a floating tensor on any device, as doubles.
std::vector<double> doubles(const Tensor& x);
/// Normal random numbers, the same for equal arguments.
Tensor random_tensor(Shape shape, DType dtype, std::uint64_t seed, double scale = 1, Device device = kCpu);
/// sqrt(sum (a - b)^2 / sum b^2); the plain norm of a where b is 0. NaN anywhere gives infinity.
double relative_error(const Tensor& a, const Tensor& b);
/// Fails the running test with both values unless |a_i - b_i| <= atol + rtol |b_i| for all i.
void check_near(const Tensor& a, const std::vector<double>& b, double rtol, double atol);

}  // namespace s4l::test
