// What the methods that combine others are without what they add.
#include <catch2/catch.hpp>

#include "s4l/core/autograd.h"
#include "small_network.h"

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

namespace {

/// The loss of one step and the gradient of every weight of the network, in the network's order.
struct Outcome {
  double loss;
  std::vector<double> gradient;
};

Outcome outcome_of(const std::string& method, Learner::Values values, int rotations) {
  Learner learner(method, std::move(values), DType::f64);
  Pictures shown(*learner.method, 0, rotations, DType::f64);
  Step step = shown.step(learner);
  const Tensor loss = learner.method->loss(step);
  backward(loss);
  Outcome outcome{item(loss), {}};
  for (const auto& [name, parameter] : nn::parameters_of(learner.network))
    for (const double g : doubles(parameter->value.grad())) outcome.gradient.push_back(g);
  return outcome;
}

void check_is_share(const Outcome& part, double share, const Outcome& whole) {
  CHECK(part.loss == Approx(share * whole.loss).epsilon(1e-12));
  REQUIRE(part.gradient.size() == whole.gradient.size());
  for (std::size_t i = 0; i < part.gradient.size(); ++i)
    CHECK(part.gradient[i] == Approx(share * whole.gradient[i]).epsilon(1e-9).margin(1e-14));
}

}  // namespace

TEST_CASE("moam without VAT and entropy is rotation: a fifth of it where a fifth is the class's share") {
  check_is_share(outcome_of("moam", {{"sup-weight", 0.2}, {"vat-weight", 0}, {"entmin-weight", 0}}, 4), 0.2,
                 outcome_of("rotation", {{"rot-weight", 4}}, 4));
}

TEST_CASE("exemplar without triplets, and VAT without weights, leave supervised learning") {
  for (const int views : {1, 4})
    check_is_share(outcome_of("exemplar", {{"triplet-loss-unsup", 0}, {"triplet-loss-sup", 0}}, views), 1,
                   outcome_of("supervised", {}, views));
  const Outcome vat = outcome_of("vat", {{"vat-weight", 0}}, 1);
  const Outcome entmin = outcome_of("vat-entmin", {{"vat-weight", 0}, {"entmin-weight", 0}}, 1);
  check_is_share(entmin, 1, vat);  // both still let batch norm see the unlabelled rows
}
