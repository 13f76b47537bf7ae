#include <catch2/catch.hpp>
#include <array>
#include <cmath>
#include <map>

#include "s4l/core/autograd.h"
#include "s4l/core/kernel.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/core/ops/vat.h"
#include "s4l/core/ops/view.h"
#include "s4l/methods/training/vat_term.h"
#include "s4l/nn/optim/sgd.h"
#include "small_network.h"

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

namespace {

constexpr auto kKeep = nn::Mode::train_keep_statistics;

MethodOptions vat_options(std::vector<std::pair<std::string, OptionValue>> values) {
  MethodOptions options;
  options.values = std::move(values);
  for (const MethodOption& option : find_method("vat").options) options.values.emplace_back(option.name, option.value);
  return options;
}

double dot(const std::vector<double>& a, const std::vector<double>& b, std::size_t begin, std::size_t end) {
  double sum = 0;
  for (std::size_t i = begin; i < end; ++i) sum += a[i] * b[i];
  return sum;
}

/// Of each of the n rows of a and b.
std::vector<double> cosines(const Tensor& a, const Tensor& b) {
  const auto x = doubles(a), y = doubles(b);
  const std::size_t n = static_cast<std::size_t>(a.shape()[0]), size = x.size() / n;
  std::vector<double> all;
  for (std::size_t begin = 0; begin < x.size(); begin += size) {
    const std::size_t end = begin + size;
    all.push_back(dot(x, y, begin, end) / std::sqrt(dot(x, x, begin, end) * dot(y, y, begin, end)));
  }
  return all;
}

/// d KL(net(x) || reference) / dx.
Tensor slope(Learner& learner, Tensor x, const Tensor& reference) {
  x.set_requires_grad(true);
  return grad(kl_divergence(learner.network.forward(x, kKeep), reference).loss, std::array{x})[0];
}

void train_a_little(Learner& learner) {
  nn::Sgd sgd(nn::parameters_of(learner), {});
  const Pictures shown(*learner.method, 0, 1, DType::f32);
  for (int t = 0; t < 40; ++t) {
    sgd.zero_grad();
    backward(softmax_entropy(learner.network.forward(shown.x, nn::Mode::train), shown.labels).loss);
    sgd.step(full({1}, 0.1));
  }
}

std::map<std::string, int>& launches() {
  static std::map<std::string, int> count;
  return count;
}

/// One step's loss and gradient: network passes, their rows and kernel launches.
struct Counted {
  std::vector<nn::Mode> passes;
  std::vector<std::int64_t> rows;
  std::map<std::string, int> launches;
};

Counted count_step(const std::string& method, int rotations, Learner::Values values = {}) {
  Learner learner(method, std::move(values));
  Pictures shown(*learner.method, 0, rotations, DType::f32);
  Step step = shown.step(learner);
  launches().clear();
  const KernelObserver before =
      kernel_observer.exchange([](const char* kernel, const Tensor&) { ++launches()[kernel]; });
  backward(learner.method->loss(step));
  kernel_observer = before;
  return {learner.network.passes, learner.network.pass_rows, launches()};
}

}  // namespace

TEST_CASE("VAT's scaled direction in f32 is the exact one") {
  Learner single("vat"), exact("vat", {}, DType::f64);
  VatTerm term(vat_options({}));
  Pictures f32(*single.method, 0, 1, DType::f32), f64(*exact.method, 0, 1, DType::f64);
  Step step = f32.step(single);
  const Tensor reference = single.network.forward(f32.unlabelled[0], kKeep).detach();
  const Tensor d = term.direction(step, f32.unlabelled[0], reference);

  // H d by a central difference of the gradient; H = J' F J at the batch's own answers.
  const Tensor x = f64.unlabelled[0], own = exact.network.forward(x, kKeep).detach();
  const Tensor ahead = slope(exact, vat_start(x, 1e-5, step.random), own);
  const Tensor behind = slope(exact, vat_start(x, -1e-5, step.random), own);
  auto difference = doubles(ahead);
  const auto less = doubles(behind);
  for (std::size_t i = 0; i < less.size(); ++i) difference[i] -= less[i];
  for (const double cosine : cosines(d, from_values(difference, x.shape()))) CHECK(cosine >= 0.99);
}

TEST_CASE("VAT's perturbation is as long as epsilon and moves the answer further than a random one") {
  Learner learner("vat");
  train_a_little(learner);
  VatTerm term(vat_options({}));
  Pictures shown(*learner.method, 0, 1, DType::f32);
  Step step = shown.step(learner);
  const Tensor x = shown.x, clean = learner.network.forward(x, kKeep).detach();
  const VatStep moved = vat_step(x, term.direction(step, x, clean), {.radius = 1});
  check_near(moved.length, {1, 1, 1, 1}, 1e-5, 0);
  const double adversarial = item(kl_divergence(learner.network.forward(moved.x, kKeep), clean).loss);
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const Tensor words = from_values<std::int32_t>(Rng(seed, Purpose::test).words(), {6});
    const Tensor random = vat_start(x, 1, words);
    CHECK(adversarial > item(kl_divergence(learner.network.forward(random, kKeep), clean).loss));
  }
}

TEST_CASE("VAT's probe is as long as xi, in f32 too") {
  const Learner learner("vat");
  const Pictures shown(*learner.method, 0, 1, DType::f32);
  const Tensor near = vat_start(shown.x, 1e-2, shown.random);
  const auto a = doubles(near), b = doubles(shown.x);
  for (std::size_t begin = 0; begin < a.size(); begin += 48) {
    double squares = 0;
    for (std::size_t i = begin; i < begin + 48; ++i) squares += (a[i] - b[i]) * (a[i] - b[i]);
    CHECK(std::sqrt(squares) == Approx(1e-2).epsilon(0.02));
  }
}

TEST_CASE("a step of each method passes the network as often as the method says") {
  using enum nn::Mode;
  const Counted supervised = count_step("supervised", 1);
  CHECK(supervised.rows == std::vector<std::int64_t>{4});
  const Counted rotation = count_step("rotation", 4);
  CHECK(rotation.rows == std::vector<std::int64_t>{32});
  CHECK(rotation.passes == std::vector<nn::Mode>{train});

  const Counted vat = count_step("vat", 1);  // clean, probe, perturbed
  CHECK(vat.rows == std::vector<std::int64_t>{8, 8, 8});
  CHECK(vat.passes == std::vector<nn::Mode>{train, train_keep_statistics, train_keep_statistics});
  const Counted unlabelled = count_step("vat", 1, {{"vat-labelled", 0}});  // and its own answers
  CHECK(unlabelled.rows == std::vector<std::int64_t>{8, 4, 4, 4});
  const Counted literal = count_step("vat", 1, {{"vat-labelled", 0}, {"vat-direction", "literal"}});
  CHECK(literal.rows == std::vector<std::int64_t>{8, 4, 4});
  const Counted thrice = count_step("vat", 1, {{"vat-iters", 3}});
  CHECK(thrice.rows == std::vector<std::int64_t>{8, 8, 8, 8, 8});
  const Counted moam = count_step("moam", 4);
  CHECK(moam.rows == std::vector<std::int64_t>{32, 16, 16, 16});

  const Counted teacher = count_step("mean-teacher", 1);  // student, teacher
  CHECK(teacher.rows == std::vector<std::int64_t>{8, 4});
  CHECK(teacher.passes == std::vector<nn::Mode>{train, train_keep_statistics});
  CHECK(teacher.launches.at("conv2d_backward_weight") == 1);
  for (const char* method : {"fixmatch", "flexmatch", "freematch"}) {
    const Counted matching = count_step(method, 1);  // weak, strong and labelled at once
    CHECK(matching.rows == std::vector<std::int64_t>{12});
    CHECK(matching.launches.at("conv2d_backward_weight") == 1);
  }
  CHECK(count_step("rotation-pretrain", 4).rows == std::vector<std::int64_t>{16});
  CHECK(count_step("exemplar-pretrain", 4).rows == std::vector<std::int64_t>{16});
}

TEST_CASE("VAT's power step computes a picture's gradient and none of the weights'") {
  const Counted supervised = count_step("supervised", 1), vat = count_step("vat", 1);
  CHECK(supervised.launches.at("conv2d_backward_weight") == 1);
  CHECK(supervised.launches.count("conv2d_backward_data") == 0);
  CHECK(vat.launches.at("conv2d") == 3);
  CHECK(vat.launches.at("conv2d_backward_weight") == 2);  // of the clean and of the perturbed pass
  CHECK(vat.launches.at("conv2d_backward_data") == 1);    // of the probe
  CHECK(vat.launches.at("vat_start") == 1);
  CHECK(vat.launches.at("vat_step") == 1);
  CHECK(vat.launches.at("kl_divergence") == 2);
}

TEST_CASE("the passes of VAT leave the running statistics as the clean pass has them") {
  Learner vat("vat"), clean("vat");
  Pictures shown(*vat.method, 0, 1, DType::f32);
  Step step = shown.step(vat);
  vat.method->loss(step);
  clean.network.forward(concat({shown.unlabelled[0], shown.x}), nn::Mode::train);
  for (std::size_t i = 0; i < 2; ++i)
    check_near(*nn::buffers_of(vat)[i].value, doubles(*nn::buffers_of(clean)[i].value), 0, 0);
}
