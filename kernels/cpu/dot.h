#pragma once
#include <cstdint>

namespace s4l::cpu {

/// a . b in double: squares of tiny gradients do not underflow. The order of the sum depends on n alone, on one
/// instruction set.
double dot(const float* a, const float* b, std::int64_t n);
double dot(const double* a, const double* b, std::int64_t n);
/// |a - b|^2 in double; the same bits with a and b exchanged.
double squared_distance(const float* a, const float* b, std::int64_t n);
double squared_distance(const double* a, const double* b, std::int64_t n);

/// The sum of n numbers in double.
double sum(const float* a, std::int64_t n);
double sum(const double* a, std::int64_t n);

}  // namespace s4l::cpu
