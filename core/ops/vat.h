#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// Where VAT's power iteration begins (spec 2.6.2): x_i + xi d_i / |d_i| for each row of x (N, ...), with a d_i of
/// normals that are drawn from `random`, i32 (6) of Rng::words(), twice and never stored.
Tensor vat_start(const Tensor& x, double xi, const Tensor& random);

struct VatStep {
  Tensor x;       ///< x_i + length_i g_i / |g_i|
  Tensor length;  ///< (N) of what was added
};

/// The perturbed picture: rows of x moved by `radius` along those of g. With `floor` more than 0 the released program's
/// normalisation: g_i / sqrt(max(|factor g_i|^2, floor)) times factor; with 0 a unit vector, or nothing where g_i is 0.
/// `bound` (N), where given, caps each row's radius.
struct VatStepOptions {
  double radius = 1;
  double factor = 1;
  double floor = 0;
};
VatStep vat_step(const Tensor& x, const Tensor& g, const VatStepOptions& options, const Tensor& bound = {});

/// Half the distance of each row of x (N, ...) to its nearest other row: (N); infinite for a single row.
Tensor half_nearest_distance(const Tensor& x);

S4L_KERNEL(vat_start, const Tensor& x, double xi, const Tensor& random, const Tensor& y)
S4L_KERNEL(vat_step, const Tensor& x, const Tensor& g, const VatStepOptions& options, const Tensor& bound,
           const Tensor& y, const Tensor& length)
S4L_KERNEL(half_nearest_distance, const Tensor& x, const Tensor& y)

}  // namespace s4l
