#pragma once
#include <string>
#include <utility>
#include <vector>

namespace s4l::methods {

/// Values from `low` to `high` drawn from pixel `from` to pixel `to`.
struct Axis {
  double low = 0, high = 1, from = 0, to = 1;
  double operator()(double value) const { return from + (value - low) / (high - low) * (to - from); }
};

/// About `count` round numbers (1, 2 or 5 times a power of ten) inside [low, high].
std::vector<double> round_ticks(double low, double high, int count);
/// The least range of round numbers that holds both; never empty.
std::pair<double, double> round_range(double low, double high, int count);
/// A tick as short text: 12000 as "12,000", 0.05 as "0.05".
std::string tick_text(double value);

}  // namespace s4l::methods
