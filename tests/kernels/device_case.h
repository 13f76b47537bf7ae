#pragma once
#include <functional>
#include <vector>

#include "s4l/core/tensor.h"

namespace s4l::test {

inline constexpr Device kCuda{Device::Kind::cuda, 0};

/// Whether a race detector watches: it takes few threads, slowly.
bool watched_for_races();

/// What one tensor of a result should be; NaN and infinities as they are.
struct Wanted {
  std::vector<double> values;
  double rtol = 1e-5, atol = 1e-6;
};

/// Runs `compute`, which calls kernels on the CUDA device, and compares what it returns. On the emulated device under
/// every schedule, whose results must be bitwise the same, and once more with few threads and blocks, so that each has
/// several rounds to go.
void check_on_device(const std::function<std::vector<Tensor>()>& compute, const std::vector<Wanted>& wanted);

/// The numbers of any type as doubles.
std::vector<double> numbers(const Tensor& x);
/// `values` on the CUDA device, rounded to a floating type.
Tensor on_device(const std::vector<double>& values, Shape shape, DType dtype);
/// The same with `shape` starting one element into its memory: at no multiple of 16 bytes.
Tensor on_device_unaligned(const std::vector<double>& values, Shape shape, DType dtype);
/// Rows of awkward lengths, some of one number and some longer than a block has threads, few and many of each.
struct RowShape {
  std::int64_t rows, length;
};
inline constexpr RowShape kRowShapes[] = {{0, 4},    {1, 1},    {3, 1},    {5, 1},    {65, 4},   {33, 10},  {7, 31},
                                          {33, 31},  {3, 32},   {3, 33},   {9, 33},   {3, 64},   {5, 100},  {5, 128},
                                          {2, 1000}, {1, 1023}, {2, 1023}, {2, 1025}, {3, 1028}, {1, 4099}, {1, 5003}};
/// `values` as on_device() rounds them.
std::vector<double> rounded_to(DType dtype, std::vector<double> values);
/// n normal numbers.
std::vector<double> normals(std::int64_t n, std::uint64_t seed, double scale = 1);

/// Half a unit in the last place of a result in `dtype`, relative; a few of the type it was computed in are added.
double rounding(DType dtype);

}  // namespace s4l::test
