#include "s4l/nn/optim/lbfgs.h"

#include <catch2/catch.hpp>
#include <cmath>

using namespace s4l::nn;

TEST_CASE("L-BFGS finds the least value of a valley a million times as steep as it is long") {
  const Objective valley = [](const std::vector<double>& x, std::vector<double>& g) {
    double value = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double steep = std::pow(10.0, static_cast<double>(i)), from = x[i] - static_cast<double>(i);
      value += steep * from * from / 2;
      g[i] = steep * from;
    }
    return value;
  };
  const auto x = lbfgs(valley, std::vector<double>(7, 1), {.tolerance = 1e-12, .iterations = 500});
  for (std::size_t i = 0; i < x.size(); ++i) CHECK(x[i] == Approx(i).margin(1e-5));
}

TEST_CASE("L-BFGS finds the least value of a sum of exponentials in few calls") {
  int calls = 0;
  const Objective sum = [&](const std::vector<double>& x, std::vector<double>& g) {
    ++calls;
    const double a = std::exp(x[0] + 3 * x[1] - 0.1), b = std::exp(x[0] - 3 * x[1] - 0.1), c = std::exp(-x[0] - 0.1);
    g = {a + b - c, 3 * a - 3 * b};
    return a + b + c;
  };
  const auto x = lbfgs(sum, {-1, 1}, {.tolerance = 1e-9, .iterations = 100});
  CHECK(x[0] == Approx(-std::log(2.0) / 2));
  CHECK(x[1] == Approx(0).margin(1e-8));
  CHECK(calls < 40);
}

TEST_CASE("L-BFGS stays where it is if nothing is to be gained") {
  const Objective flat = [](const std::vector<double>&, std::vector<double>& g) {
    g.assign(g.size(), 0);
    return 3.0;
  };
  CHECK(lbfgs(flat, {5, 6}) == std::vector<double>{5, 6});
}
