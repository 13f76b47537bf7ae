// Virtual replicas: what stays within one, and what cross-replica batch norm couples.
#include <catch2/catch.hpp>
#include <array>

#include "s4l/core/autograd.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/core/ops/view.h"
#include "small_network.h"

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

namespace {

/// The class loss of the rows of the second of two replicas.
double loss_of_second(Learner& learner, const Tensor& x) {
  const Tensor z = learner.network.forward(x, nn::Mode::train_keep_statistics);
  return item(cross_entropy(rows(z, 2, 4), from_values(std::vector<std::int32_t>{0, 2}, {2})));
}

}  // namespace

TEST_CASE("only cross-replica batch norm lets a replica's loss depend on another's pictures, with the exact gradient") {
  for (const bool cross_replica : {false, true}) {
    Learner learner("supervised", {}, DType::f64);
    nn::set_batch_norm_groups(learner, 2);
    if (cross_replica) nn::set_cross_replica_batch_norm(learner);
    Tensor x = pictures(4, 1, 1, DType::f64);
    x.set_requires_grad(true);
    const Tensor z = learner.network.forward(x, nn::Mode::train_keep_statistics);
    const Tensor loss = cross_entropy(rows(z, 2, 4), from_values(std::vector<std::int32_t>{0, 2}, {2}));
    const auto g = doubles(grad(loss, std::array{x})[0]);
    double* pixels = x.data<double>();
    for (const std::size_t i : {0u, 17u, 50u, 95u}) {  // pixels of the first replica's two pictures
      const double kept = pixels[i], h = 1e-5;
      pixels[i] = kept + h;
      const double ahead = loss_of_second(learner, x);
      pixels[i] = kept - h;
      const double behind = loss_of_second(learner, x);
      pixels[i] = kept;
      CHECK(g[i] == Approx((ahead - behind) / (2 * h)).epsilon(1e-5).margin(1e-12));
      CHECK((g[i] != 0) == cross_replica);
    }
  }
}

TEST_CASE("pictures that virtual replicas do not divide are one line") {
  Learner learner("rotation");
  Pictures shown(*learner.method, 1, 4, DType::f32);
  Step step = shown.step(learner, 3);
  CHECK_THROWS_WITH(learner.method->loss(step),
                    "virtual-replicas: expected a divisor of the 16 rows of a stream, got 3");
}
