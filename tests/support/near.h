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
/// |got - wanted| <= atol + rtol |wanted|; what is not finite is met by the same infinity, by any NaN for NaN.
bool is_near(double got, double wanted, double rtol, double atol);
/// Fails the running test with both values unless a_i is near b_i for all i.
void check_near(const Tensor& a, const std::vector<double>& b, double rtol, double atol);

}  // namespace s4l::test
