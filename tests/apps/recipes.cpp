// The ImageNet recipes hold the numbers of the specification (2.0.4, 2.0.8, 2.1 to 2.9, 8.3), which are written down
// here a second time: whatever a recipe says is compared.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

#include "../core/new_folder.h"
#include "program.h"
#include "s4l/core/io/json.h"
#include "s4l/methods/training/recipes.h"
#include "s4l/nn/optim/schedule.h"

using namespace s4l;
using namespace s4l::test;

namespace {

using Values = std::map<std::string, std::string>;

Values operator+(Values a, const Values& b) {
  for (const auto& [key, value] : b) a[key] = value;
  return a;
}

/// Steps of 2.0.8: end of warm-up, decays, end.
struct Steps {
  double warmup;
  std::vector<double> decays;
  double total;
};

struct Expected {
  const char* recipe;
  const char* method;
  int stage;       ///< 0: the method has one
  int labelled;    ///< pictures of a labelled epoch
  int batch;       ///< B
  double rate;     ///< eta*
  double decay;    ///< lambda
  double nearest;  ///< epochs by which the steps may be off: 1 % recipes are in whole epochs
  Steps steps;
  Values others;
};

constexpr int kTenPercent = 128000, kOnePercent = 13000, kAll = 1281167;
const char* const kCrop = "inception_crop|resize(224)|flip_lr|-1_to_1";                  // IC of 8.3
const char* const kCropNoise = "inception_crop|resize(224)|flip_lr|hsvnoise|-1_to_1";    // ICH
const char* const kPatches = "crop_inception_patches(8, 224)|hsvnoise|flip_lr|-1_to_1";  // EX

const Values kAllHave = {{"model", "resnet50"},
                         {"img-size", "224"},
                         {"width", "1"},
                         {"val-fraction", "0"},
                         {"uratio", "1"},
                         {"momentum", "0.9"},
                         {"nesterov", "false"},
                         {"clip-grad", "0"},
                         {"bn-momentum", "0.99"},
                         {"lr-decay-factor", "0.1"},
                         {"zero-heads", "false"},
                         {"polyak-averaging", "false"},
                         {"ema-decay", "0"},
                         {"sampler", "shuffled"},
                         {"cross-replica-bn", "false"},
                         {"checkpoint-interval", "5000"},
                         {"preprocess-eval", "resize_small(256)|crop(224)|-1_to_1"}};
const Values kSupervised = kAllHave + Values{{"virtual-replicas", "8"}};
const Values kRotation =
    kAllHave + Values{{"virtual-replicas", "32"}, {"rot-weight", "1"}, {"rot-loss-unsup", "1"}, {"rot-loss-sup", "1"}};
const Values kExemplar =
    kAllHave + Values{{"virtual-replicas", "32"}, {"triplet-weight", "1"},       {"triplet-loss-unsup", "1"},
                      {"triplet-loss-sup", "1"},  {"triplet-embed-dim", "1000"}, {"exemplar-identity", "intended"}};
const Values kPretrain = kAllHave + Values{{"virtual-replicas", "32"}, {"probe", "linear"}};
const Values kVat =
    kAllHave +
    Values{{"virtual-replicas", "32"}, {"vat-weight", "0.5"},       {"vat-eps", "40"}, {"vat-iters", "1"},
           {"vat-labelled", "1"},      {"vat-direction", "scaled"}, {"vat-xi", "0"},   {"vat-kl", "perturbed-first"},
           {"vat-eps-bound", "0"}};
const Values kMoam = kAllHave + Values{{"width", "4"},
                                       {"virtual-replicas", "128"},
                                       {"cross-replica-bn", "true"},
                                       {"polyak-averaging", "true"},
                                       {"sup-weight", "0.3"},
                                       {"vat-weight", "0.3"},
                                       {"entmin-weight", "0.3"},
                                       {"vat-eps", "32"},
                                       {"vat-iters", "1"},
                                       {"vat-direction", "scaled"},
                                       {"vat-xi", "0"},
                                       {"vat-kl", "perturbed-first"},
                                       {"vat-eps-bound", "0"},
                                       {"pseudo-label-key", "average"},
                                       {"checkpoint-interval", "10000"}};
const Values kGuesses = kSupervised + Values{{"pseudo-label-key", "centre"}};

Values of_ten(const char* augment) { return {{"labels-per-class", "128"}, {"augment", augment}}; }
Values of_one(const char* augment) { return {{"labels-per-class", "13"}, {"augment", augment}}; }
Values of_all(const char* augment) { return {{"labels", "100"}, {"augment", augment}}; }

const Steps kLong = {2500, {70000, 80000, 90000}, 100000};  // supervised 10 %, rotation, vat
const Steps kShort = {250, {35000, 40000, 45000}, 50000};   // supervised 1 %
const Steps kPatchSteps = {2500, {35000, 40000, 45000}, 50000};
const Steps kRetrain = {25020, {150120, 300240, 450360}, 500400};
const Steps kMix = {10000, {100000, 150000, 190000}, 200000};
const Steps kMixAgain = {0, {60054, 120108}, 180162};    // 2.8.2
const Steps kLabels = {0, {5000, 10000, 15000}, 20000};  // 2.8.3
const Values kRetrained = {{"checkpoint-interval", "25000"}};

std::vector<Expected> expected() {
  const Values entmin = kVat + Values{{"entmin-weight", "1"}}, wide = kSupervised + Values{{"width", "4"}};
  const Values embedding = kPretrain + Values{{"triplet-embed-dim", "1000"}};
  return {
      {"supervised", "supervised", 0, kTenPercent, 256, 0.1, 1e-3, 0, kLong, kSupervised + of_ten(kCrop)},
      {"supervised-1pct", "supervised", 0, kOnePercent, 256, 0.01, 1e-2, 0, kShort, kSupervised + of_one(kCropNoise)},
      {"supervised-4x", "supervised", 0, kTenPercent, 256, 0.1, 1e-3, 0, kLong, wide + of_ten(kCrop)},
      {"supervised-4x-100pct", "supervised", 0, kAll, 256, 0.1, 1e-4, 0, kRetrain, wide + of_all(kCrop)},
      {"supervised-finetune",
       "supervised",
       0,
       kTenPercent,
       256,
       0.03,
       1e-3,
       0,
       {2500, {35000, 40000, 45000}, 50000},
       kSupervised + of_ten(kCrop)},
      {"supervised-finetune-1pct",
       "supervised",
       0,
       kOnePercent,
       256,
       0.01,
       1e-2,
       0,
       {250, {7000, 8000, 9000}, 10000},
       kSupervised + of_one(kCropNoise)},
      {"pseudo-label", "pseudo-label", 1, kTenPercent, 256, 0.1, 1e-3, 0, kLong, kGuesses + of_ten(kCrop)},
      {"pseudo-label", "pseudo-label", 2, kAll, 256, 0.1, 1e-4, 0, kRetrain, kGuesses + of_ten(kCrop) + kRetrained},
      {"pseudo-label-1pct", "pseudo-label", 1, kOnePercent, 256, 0.01, 1e-2, 0, kShort, kGuesses + of_one(kCropNoise)},
      {"pseudo-label-1pct", "pseudo-label", 2, kAll, 256, 0.1, 1e-2, 0, kRetrain,
       kGuesses + of_one(kCropNoise) + kRetrained},
      {"rotation", "rotation", 0, kTenPercent, 256, 0.03, 1e-3, 0, kLong, kRotation + of_ten(kCrop)},
      {"rotation-1pct", "rotation", 0, kOnePercent, 256, 0.03, 1e-2, 0, kLong, kRotation + of_one(kCropNoise)},
      {"rotation-pretrain", "rotation-pretrain", 0, kTenPercent, 256, 0.03, 1e-3, 0, kLong, kPretrain + of_ten(kCrop)},
      {"rotation-pretrain-1pct", "rotation-pretrain", 0, kOnePercent, 256, 0.03, 1e-3, 0, kLong,
       kPretrain + of_one(kCrop)},
      {"exemplar", "exemplar", 0, kTenPercent, 512, 0.1, 1e-3, 0, kPatchSteps, kExemplar + of_ten(kPatches)},
      {"exemplar-1pct", "exemplar", 0, kOnePercent, 512, 0.1, 1e-2, 0, kPatchSteps, kExemplar + of_one(kPatches)},
      {"exemplar-pretrain", "exemplar-pretrain", 0, kTenPercent, 512, 0.1, 1e-3, 0, kPatchSteps,
       embedding + of_ten(kPatches)},
      {"exemplar-pretrain-1pct", "exemplar-pretrain", 0, kOnePercent, 512, 0.1, 1e-3, 0, kPatchSteps,
       embedding + of_one(kPatches)},
      {"vat", "vat", 0, kTenPercent, 256, 0.03, 1e-3, 0, kLong, kVat + of_ten(kCrop)},
      {"vat-1pct", "vat", 0, kOnePercent, 256, 0.03, 1e-2, 0, kLong, kVat + of_one(kCropNoise)},
      {"vat-entmin", "vat-entmin", 0, kTenPercent, 256, 0.03, 1e-3, 0, kLong, entmin + of_ten(kCrop)},
      {"vat-entmin-1pct", "vat-entmin", 0, kOnePercent, 256, 0.03, 1e-2, 0, kLong, entmin + of_one(kCropNoise)},
      {"moam", "moam", 1, kTenPercent, 128, 0.1, 2e-4, 0, kMix, kMoam + of_ten(kCrop)},
      {"moam", "moam", 2, kAll, 128, 0.1, 2e-4, 0, kMixAgain, kMoam + of_ten(kCrop)},
      {"moam", "moam", 3, kTenPercent, 128, 5e-4, 3e-3, 0, kLabels, kMoam + of_ten(kCrop)},
      {"moam-1pct", "moam", 1, kOnePercent, 128, 0.1, 1e-2, 0.5, kMix, kMoam + of_one(kCropNoise)},
      {"moam-1pct", "moam", 2, kAll, 128, 0.1, 1e-2, 0, kMixAgain, kMoam + of_one(kCropNoise)},
      {"moam-1pct", "moam", 3, kOnePercent, 128, 5e-4, 1e-2, 0.5, kLabels, kMoam + of_one(kCropNoise)},
      {"moam-100pct",
       "moam",
       0,
       kAll,
       128,
       0.1,
       2e-4,
       0,
       {10009, {100090, 150135, 190171}, 200180},
       kMoam + of_all(kCrop) + Values{{"stage", "1"}}}};
}

/// The settings of one stage, and who gave each.
struct Printed {
  Values values, from;
  double number(const std::string& key) const { return std::strtod(values.at(key).c_str(), nullptr); }
};

Printed printed(const std::string& folder, const Expected& e) {
  const Outcome outcome =
      run_s4l(folder, {"config", e.method, "--recipe", std::string("imagenet/") + e.recipe, "--json"});
  REQUIRE(outcome.code == 0);
  const io::Json all = io::parse_json(outcome.out);
  Printed result;
  for (const auto& [key, entry] : (e.stage > 0 ? all.at("stage-" + std::to_string(e.stage)) : all).object()) {
    result.values[key] = entry.at("value").string();
    result.from[key] = entry.at("from").string();
  }
  return result;
}

/// "0.001" and "1e-03" are one value.
bool same(const std::string& a, const std::string& b) {
  char *end_a = nullptr, *end_b = nullptr;
  const double x = std::strtod(a.c_str(), &end_a), y = std::strtod(b.c_str(), &end_b);
  return a == b || (*end_a == 0 && *end_b == 0 && x == y);
}

/// What 2.0.3 makes of the recipe's numbers.
void check_schedule(const Expected& e, const Printed& is) {
  CHECK(is.number("batch-size") == e.batch);
  CHECK(is.number("weight-decay") == e.decay);
  const double scale = is.number("lr-scale-batch-size");
  const double rate = is.number("lr") * (scale == 0 ? 1 : e.batch / scale);
  const int epoch = e.labelled / e.batch;
  const auto schedule = nn::schedule_from_epochs(is.values.at("sched"), epoch, rate, is.number("lr-decay-factor"));
  const double off = e.nearest * epoch;
  CHECK(std::abs(schedule.warmup - e.steps.warmup) <= off);
  CHECK(std::abs(static_cast<double>(schedule.total) - e.steps.total) <= off);
  REQUIRE(schedule.decay_points.size() == e.steps.decays.size());
  CHECK(schedule.at(std::llround(schedule.warmup)) == Approx(e.rate).epsilon(1e-12));
  double lower = e.rate;
  for (std::size_t i = 0; i < e.steps.decays.size(); ++i) {
    CHECK(std::abs(schedule.decay_points[i] - e.steps.decays[i]) <= off);
    CHECK(schedule.at(std::llround(schedule.decay_points[i])) == Approx(lower).epsilon(1e-12));
    CHECK(schedule.at(std::llround(schedule.decay_points[i]) + 1) == Approx(lower *= 0.1).epsilon(1e-12));
  }
}

}  // namespace

TEST_CASE("every ImageNet recipe holds the specification's numbers, and nothing that this test does not know") {
  const NewFolder folder;
  const std::set<std::string> of_schedule = {"batch-size", "weight-decay", "lr", "lr-scale-batch-size", "sched"};
  std::set<std::string> seen;
  for (const Expected& e : expected()) {
    INFO(e.recipe << ", stage " << e.stage);
    const Printed is = printed(folder.path(), e);
    check_schedule(e, is);
    for (const auto& [key, value] : e.others) {
      INFO(key << ": expected " << value << ", got " << is.values.at(key));
      CHECK(same(is.values.at(key), value));
    }
    for (const auto& [key, from] : is.from) {
      INFO(key);
      if (from.starts_with("recipe ")) CHECK(e.others.count(key) + of_schedule.count(key) == 1);
    }
    seen.insert(std::string("imagenet/") + e.recipe);
  }
  std::size_t recipes = 0;
  for (const methods::Recipe& recipe : methods::recipes()) {
    if (!recipe.name.starts_with("imagenet/")) continue;
    INFO(recipe.name);
    CHECK(seen.count(recipe.name) == 1);
    ++recipes;
  }
  CHECK(recipes == 23);
}
