#pragma once
#include <functional>
#include <vector>

namespace s4l::nn {

/// The value at `x`, and its gradient into the second argument, which has the size of the first.
using Objective = std::function<double(const std::vector<double>& x, std::vector<double>& gradient)>;

struct LbfgsOptions {
  double tolerance = 1e-4;  ///< ends where the gradient is this much of the first one's length
  int iterations = 500;     ///< or after so many
};

/// L-BFGS (Nocedal and Wright, algorithm 7.5) with backtracking, for a convex objective: the place of the least value
/// found from `x` on. Ends as well where rounding leaves no smaller value along the direction.
std::vector<double> lbfgs(const Objective& objective, std::vector<double> x, const LbfgsOptions& options = {});

}  // namespace s4l::nn
