#pragma once
#include <vector>

namespace s4l::methods {

/// Student's t, two-sided 95 %, for `degrees` of freedom (1 or more): 12.706, 4.303, 3.182, ...
double student_t95(int degrees);

/// A mean with the half-width of its 95 % interval (Student's t), infinite for a single value.
struct MeanInterval {
  double mean = 0, half = 0;
  bool excludes_zero() const { return mean > half || mean < -half; }
};
/// Of at least one value; of paired differences it says whether a difference is more than chance.
MeanInterval mean_interval(const std::vector<double>& values);

}  // namespace s4l::methods
