#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace s4l::nn {

/// A number that follows the step, computed on the host before each.
struct Schedule {
  enum class Kind { steps, cosine } kind = Kind::steps;
  double base = 0.1;                 ///< eta*
  double warmup = 0;                 ///< W: base * t / W for t < floor(W), so that the first step's is 0
  std::vector<double> decay_points;  ///< d_i in steps; kind steps: times `factor` for each d_i < t (strict)
  double factor = 0.1;
  std::int64_t total = 0;  ///< T; kind cosine: base * (1 + cos(pi (t - W) / (T - W))) / 2

  /// The value at 0-based step t.
  double at(std::int64_t step) const;
};

/// The decay of Polyak averaging whose half-life is one labelled epoch (spec 2.0.6): 0.5^(1 / steps_per_epoch).
double polyak_decay(std::int64_t steps_per_epoch);

/// Reads S4L's list of labelled epochs "e0,e1,...,ek" (spec 2.0.3): warm-up end, decay points, end of training.
Schedule schedule_from_epochs(const std::string& list, std::int64_t steps_per_epoch, double base, double factor = 0.1);

}  // namespace s4l::nn
