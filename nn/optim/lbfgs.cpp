#include "s4l/nn/optim/lbfgs.h"

#include <cmath>
#include <deque>
#include <numeric>

namespace s4l::nn {
namespace {

using Vector = std::vector<double>;

constexpr std::size_t kPairs = 10;
constexpr int kHalvings = 30;
constexpr double kSufficientDecrease = 1e-4, kLeastCurvature = 1e-12;

/// A step and what it changed in the gradient.
struct Pair {
  Vector s, y;
  double sy = 0;
};

struct Point {
  Vector x, gradient;
  double value = 0;
};

double dot(const Vector& a, const Vector& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0); }

double length(const Vector& a) { return std::sqrt(dot(a, a)); }

/// a + t b.
Vector along(Vector a, double t, const Vector& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] += t * b[i];
  return a;
}

/// Minus the inverse Hessian that the pairs, oldest first, stand for, times the gradient: the two loops.
Vector direction(const std::deque<Pair>& pairs, const Vector& gradient) {
  Vector d = along(Vector(gradient.size()), -1, gradient);
  Vector shares;
  for (auto pair = pairs.rbegin(); pair != pairs.rend(); ++pair) {
    shares.push_back(dot(pair->s, d) / pair->sy);
    d = along(std::move(d), -shares.back(), pair->y);
  }
  if (!pairs.empty())
    for (double& value : d) value *= pairs.back().sy / dot(pairs.back().y, pairs.back().y);
  for (const Pair& pair : pairs) {
    const double share = shares.back() - dot(pair.y, d) / pair.sy;
    shares.pop_back();
    d = along(std::move(d), share, pair.s);
  }
  return d;
}

/// Halves the step until the value has fallen enough; false if it never does.
bool descend(const Objective& objective, const Vector& d, Point& at, Point& next) {
  const double slope = dot(d, at.gradient);
  double step = 1;
  for (int i = 0; i < kHalvings; ++i, step /= 2) {
    next.x = along(at.x, step, d);
    next.value = objective(next.x, next.gradient);
    if (next.value <= at.value + kSufficientDecrease * step * slope) return true;
  }
  return false;
}

}  // namespace

std::vector<double> lbfgs(const Objective& objective, std::vector<double> x, const LbfgsOptions& options) {
  Point at{std::move(x), {}, 0}, next;
  at.gradient.resize(at.x.size());
  next.gradient.resize(at.x.size());
  at.value = objective(at.x, at.gradient);
  const double goal = options.tolerance * length(at.gradient);
  std::deque<Pair> pairs;
  for (int i = 0; i < options.iterations && length(at.gradient) > goal; ++i) {
    if (!descend(objective, direction(pairs, at.gradient), at, next)) break;
    Pair pair{along(next.x, -1, at.x), along(next.gradient, -1, at.gradient), 0};
    pair.sy = dot(pair.s, pair.y);
    if (pair.sy > kLeastCurvature * length(pair.s) * length(pair.y)) pairs.push_back(std::move(pair));
    if (pairs.size() > kPairs) pairs.pop_front();
    std::swap(at, next);
  }
  return at.x;
}

}  // namespace s4l::nn
