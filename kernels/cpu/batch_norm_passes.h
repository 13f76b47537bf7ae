#pragma once
#include <cstdint>

namespace s4l::cpu {

/// What the passes over a run of rows of one group read and write; x is (rows, channels). Absent parts are null.
template <class T>
struct BatchNormPass {
  std::int64_t channels = 0;
  const T *x = nullptr, *gy = nullptr, *residual = nullptr, *arrived = nullptr;
  const T *mean = nullptr, *rstd = nullptr, *gamma = nullptr, *beta = nullptr;  // (channels)
  const T *mean_g = nullptr, *slope_g = nullptr;                                // (channels), of backward
  T *y = nullptr, *gx = nullptr, *gresidual = nullptr;
  double *sum = nullptr, *product = nullptr;  // (channels), added to
  bool relu = false;
  bool around = false;  // write y or gx past the caches
};

/// With z = (x - mean) gamma rstd + beta [+ residual] and g = gy [where z > 0]:
enum class BatchNormStep {
  moments,        ///< sum += x, product += x^2
  apply,          ///< y = z or max(0, z)
  gradient_sums,  ///< sum += g, product += g (x - mean)
  gradient,       ///< gx = gamma rstd (g - mean_g - (x - mean) slope_g) [+ arrived], gresidual = g
};

/// Does one step over rows [begin, end).
void batch_norm_pass(BatchNormStep step, const BatchNormPass<float>& pass, std::int64_t begin, std::int64_t end);
void batch_norm_pass(BatchNormStep step, const BatchNormPass<double>& pass, std::int64_t begin, std::int64_t end);

}  // namespace s4l::cpu
