// The network passes and the method's own kernels of one step, as the method's definition has them.
#include <catch2/catch.hpp>
#include <algorithm>
#include <cmath>
#include <map>

#include "s4l/core/autograd.h"
#include "s4l/core/device/runtime.h"
#include "s4l/core/kernel.h"
#include "s4l/nn/walk.h"
#include "small_training.h"

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

namespace {

using Counts = std::map<std::string, int>;

/// Derived by hand. `pictures` counts the backward passes that stop at the pictures and compute no weight's gradient.
struct Expected {
  int forward, backward, pictures;
  Counts own;
};

Counts launches;

bool all_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float x) { return std::isfinite(x); });
}

const char* const kOwn[] = {"rotation_batch", "vat_start", "vat_step", "kl_divergence", "triplet", "softmax_entropy"};

std::map<std::string, Expected> expected() {
  // One pass over what the method shows; one rotation_batch a stream and view, which the trainer makes of every batch;
  // one softmax_entropy a term with logits, which computes its gradient too.
  const Expected labelled{1, 1, 0, {{"rotation_batch", 1}, {"softmax_entropy", 1}}};
  // [weak ; strong ; labelled] at once; the class loss and that of the strong view.
  const Expected matching{1, 1, 0, {{"rotation_batch", 3}, {"softmax_entropy", 2}}};
  // Forward: clean, probe, perturbed. Backward: the probe's to the pictures; the loss's through perturbed and clean.
  // Divergences: the probe's and the loss's.
  const Expected vat{
      3,
      2,
      1,
      {{"rotation_batch", 2}, {"vat_start", 1}, {"vat_step", 1}, {"kl_divergence", 2}, {"softmax_entropy", 1}}};
  // VAT's batch is the unlabelled rows alone, so its own answers cost a fourth forward pass and their divergence, the
  // floor, a third kl_divergence. Entropies: rotations of both streams, classes, EntMin.
  const Expected mix{
      4,
      2,
      1,
      {{"rotation_batch", 2}, {"vat_start", 1}, {"vat_step", 1}, {"kl_divergence", 3}, {"softmax_entropy", 4}}};
  Expected entmin = vat;
  entmin.own["softmax_entropy"] = 2;  // and the answers' entropy
  return {{"supervised", labelled},
          {"pseudo-label-1-teacher", labelled},
          {"pseudo-label-2-guesses", labelled},
          {"moam-3-labels", labelled},
          {"rotation", {1, 1, 0, {{"rotation_batch", 2}, {"softmax_entropy", 3}}}},  // classes, rotations of both
          {"exemplar", {1, 1, 0, {{"rotation_batch", 2}, {"softmax_entropy", 1}, {"triplet", 2}}}},  // of both streams
          {"rotation-pretrain", {1, 1, 0, {{"rotation_batch", 2}, {"softmax_entropy", 1}}}},
          {"exemplar-pretrain", {1, 1, 0, {{"rotation_batch", 2}, {"triplet", 1}}}},
          {"vat", vat},
          {"vat-entmin", entmin},
          {"moam-1-mix", mix},
          {"moam-2-guesses", mix},
          // The student's pass and the teacher's, which has no gradient; two unlabelled views.
          {"mean-teacher", {2, 1, 0, {{"rotation_batch", 3}, {"softmax_entropy", 1}}}},
          {"fixmatch", matching},
          {"flexmatch", matching},
          {"freematch", matching}};
}

}  // namespace

TEST_CASE("a step of every method has the network passes and the kernels of its own that its definition has") {
  const auto all = expected();
  for (const NamedTraining& named : all_trainings()) {
    INFO(named.name);
    const Expected& wanted = all.at(named.name);
    SmallTraining training(named.method, kCpu, {.stage = named.stage});
    const auto parameters = nn::parameters_of(*training.model);
    const auto layers = static_cast<int>(std::count_if(
        parameters.begin(), parameters.end(), [](const auto& p) { return p.parameter->value.shape().rank == 4; }));
    launches.clear();
    kernel_observer = [](const char* kernel, const Tensor&) { ++launches[kernel]; };
    training.trainer->step();
    kernel_observer = nullptr;

    CHECK(launches["conv2d"] == wanted.forward * layers);
    CHECK(launches["conv2d_backward_weight"] == wanted.backward * layers);
    // The first layer's input is the pictures, which want a gradient in VAT's probe alone.
    CHECK(launches["conv2d_backward_data"] == wanted.backward * (layers - 1) + wanted.pictures * layers);
    for (const char* kernel : kOwn) {
      INFO(kernel);
      CHECK(launches[kernel] == (wanted.own.count(kernel) > 0 ? wanted.own.at(kernel) : 0));
    }
  }
  CHECK(all.size() == all_trainings().size());
}

TEST_CASE("who watches the ops of a step sees no number before it is computed") {
  set_poison(true);
  for (const NamedTraining& named : all_trainings()) {
    SmallTraining training(named.method, kCpu, {.stage = named.stage});
    int seen = 0;
    {
      const WatchOps watch([&](const char* op, const Tensor& y) {
        if (y.dtype() != DType::f32) return;
        ++seen;
        INFO(named.name << ": " << op);
        CHECK(all_finite(values_of<float>(y)));
      });
      training.trainer->step();
    }
    CHECK(seen > 20);
  }
  set_poison(false);
}
