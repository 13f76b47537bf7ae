// The answers of pseudo-label and of MOAM's second step (spec 2.5.1), by hand.
#include "s4l/methods/training/guesses.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/core/ops/linear.h"
#include "s4l/core/ops/view.h"
#include "s4l/tests/data/memory_dataset.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

namespace {

constexpr int kClasses = 3, kSide = 14, kPicture = 16;  // 8 / 7 of a side: nothing is resized
constexpr std::size_t kNumbers = kSide * kSide * 3;

/// Logits that are linear in the pixels, so that every view has its own.
struct Flat final : nn::Classifier {
  Tensor weight = random_tensor({kClasses, kNumbers}, DType::f32, 3);
  Tensor features(const Tensor& x, nn::Mode mode) override {
    CHECK(mode == nn::Mode::eval);
    return reshape(x, {x.shape()[0], kNumbers});
  }
  Tensor logits(const Tensor& f) override { return linear(f, weight); }
  std::int64_t feature_size() const override { return kNumbers; }
  void visit(nn::Visitor&) override {}
};

using Logits = std::array<double, kClasses>;

/// Of the crop at (top, left), turned `k` times by 90 degrees counter-clockwise: view 1 is I[j, n - 1 - i] (spec 5.3).
Logits logits_by_hand(const data::Image& image, const std::vector<double>& w, int top, int left, int k) {
  Logits z{};
  for (int i = 0; i < kSide; ++i)
    for (int j = 0; j < kSide; ++j) {
      int y = i, x = j;
      for (int turn = 0; turn < k; ++turn) {
        const int before = y;
        y = x, x = kSide - 1 - before;
      }
      for (int c = 0; c < 3; ++c) {
        const double pixel = image.at(top + y, left + x)[c] / 127.5 - 1;
        for (std::size_t n = 0; n < kClasses; ++n)
          z[n] += pixel * w[n * kNumbers + static_cast<std::size_t>((i * kSide + j) * 3 + c)];
      }
    }
  return z;
}

/// The most probable class and its probability.
std::pair<std::int64_t, double> answer(const Logits& z) {
  const auto best = std::max_element(z.begin(), z.end());
  double sum = 0;
  for (const double value : z) sum += std::exp(value - *best);
  return {best - z.begin(), 1 / sum};
}

MemoryDataset pictures_of_16() {
  MemoryDataset dataset(kClasses, {8}, 0);
  for (auto& item : dataset.items) item.size = {kPicture, kPicture};
  return dataset;
}

}  // namespace

TEST_CASE("a picture's guesses are of its upright middle crop, and of the mean logits of 5 crops in 4 rotations") {
  MemoryDataset dataset = pictures_of_16();
  dataset.undecodable = {5};
  Flat model;
  const auto w = doubles(model.weight);
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < dataset.size(); ++i) all.push_back(i);
  const auto guesses = guess(model, dataset, all, kSide, 50, kCpu);  // two pictures at once
  REQUIRE(guesses.size() == all.size() - 1);                         // one cannot be decoded
  int apart = 0;
  for (const Guess& g : guesses) {
    INFO("picture " << g.index);
    CHECK(g.index != 5);
    const data::Image image = dataset.whole_image(g.index);
    Logits mean{};
    const std::array<std::pair<int, int>, 5> corners = {{{1, 1}, {0, 0}, {0, 2}, {2, 0}, {2, 2}}};
    for (const auto& [top, left] : corners)
      for (int k = 0; k < 4; ++k) {
        const Logits z = logits_by_hand(image, w, top, left, k);
        for (std::size_t n = 0; n < kClasses; ++n) mean[n] += z[n] / 20;
      }
    const auto [centre, sure] = answer(logits_by_hand(image, w, 1, 1, 0));
    const auto [average, surely] = answer(mean);
    CHECK(g.centre == centre);
    CHECK(g.average == average);
    CHECK(g.centre_confidence == Approx(sure).epsilon(1e-4));
    CHECK(g.average_confidence == Approx(surely).epsilon(1e-4));
    apart += centre != average;
  }
  CHECK(apart > 0);  // or the two columns could be exchanged
}

TEST_CASE("true labels stay where they are known, the guesses of the column asked for stand in elsewhere") {
  const MemoryDataset dataset = pictures_of_16();
  data::Split split;
  split.labelled = {0, 9};
  split.val = {1};
  split.test = {2};
  for (std::int64_t i = 3; i < 6; ++i) split.unlabelled.push_back(i);
  split.unlabelled.push_back(0);  // the labelled ones are among the unlabelled
  split.unlabelled.push_back(9);
  const std::string csv = guesses_csv(dataset, {{0, 2, 1, 0.5, 0.5}, {3, 2, 1, 0.5, 0.5}, {4, 1, 2, 0.5, 0.5}});
  const auto centre = labels_from_guesses(dataset, split, csv, "centre"),
             average = labels_from_guesses(dataset, split, csv, "average");
  CHECK(centre[0] == dataset.label(0));  // not the guess
  CHECK(centre[9] == dataset.label(9));
  CHECK(centre[1] == dataset.label(1));
  CHECK(centre[2] == dataset.label(2));
  CHECK(centre[3] == 2);
  CHECK(centre[4] == 1);
  CHECK(average[3] == 1);
  CHECK(average[4] == 2);
  CHECK(centre[5] == -1);  // not listed
}
