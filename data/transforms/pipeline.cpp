#include "s4l/data/transforms/pipeline.h"

#include <algorithm>
#include <cmath>

#include "s4l/core/error.h"
#include "s4l/data/transforms/operations.h"

namespace s4l::data {
namespace {

struct Stage {
  const Operation* operation;
  Values values;
  std::size_t place;

  Kind kind() const { return operation->kind; }
};

bool is_range(const Stage& stage) { return stage.kind() == Kind::range || stage.operation->ranges; }
bool is_rotate(const Stage& stage) { return stage.kind() == Kind::rotate; }
bool is_standardize(const Stage& stage) { return stage.kind() == Kind::standardize; }
bool is_exact(const Stage& stage) { return std::string_view(stage.operation->name) == "exact"; }
bool has_made_views(const Stage& stage) { return stage.operation->views != nullptr; }

/// What may not stand after what: the first operation before that `late` cannot follow, and why.
struct Rule {
  bool (*late)(const Stage&);
  bool (*early)(const Stage&);
  const char* reason;
};

constexpr Rule kRules[] = {
    {[](const Stage& s) { return s.operation->needs_one_view; }, has_made_views, "it takes a single view"},
    {is_exact, [](const Stage&) { return true; }, "it comes first"},
    {is_rotate, is_rotate, "one rotation is enough"},
    {[](const Stage& s) { return s.kind() == Kind::label && !s.operation->arguments.empty(); }, is_rotate,
     "the label is then the rotation"},
    {[](const Stage& s) { return s.kind() == Kind::range || s.kind() == Kind::levels || s.kind() == Kind::noise; },
     is_range, "it works on levels from 0 to 255"},
    {[](const Stage& s) { return s.kind() != Kind::flip && !is_rotate(s); }, is_standardize,
     "mean and deviation would no longer be 0 and 1"},
};

void check_order(const std::string& text, const std::vector<Stage>& stages, const Stage& late) {
  for (const Rule& rule : kRules)
    for (const Stage& early : stages)
      if (rule.late(late) && rule.early(early))
        fail_at(text, late.place,
                fill_in("\"{}\" cannot stand after \"{}\": {}",
                        {late.operation->name, early.operation->name, rule.reason}));
}

std::vector<Stage> stages_of(const std::string& text) {
  std::vector<Stage> stages;
  for (const OperationText& given : parse_pipeline(text)) {
    const Operation& operation = find_operation(text, given);
    const Stage stage{&operation, values_of(text, given, operation), given.place};
    check_order(text, stages, stage);
    if (operation.kind == Kind::range && stage.values.size() == 2 &&
        !(std::abs(stage.values[0] - stage.values[1]) >= 1e-6))
      fail_at(text, given.place, "expected two different values");
    stages.push_back(stage);
  }
  return stages;
}

/// How many of the stages run on the host: up to the last that the device's kernel cannot do in its own order, which is
/// flip and noise, then rotate; value range, standardize and labels fit anywhere.
std::size_t host_count(const std::vector<Stage>& stages) {
  bool pixels_follow = false, noise_follows = false;
  for (std::size_t i = stages.size(); i > 0; --i) {
    const Kind kind = stages[i - 1].kind();
    if (kind == Kind::places || kind == Kind::levels || (kind == Kind::rotate && pixels_follow) ||
        (kind == Kind::noise && noise_follows))
      return i;
    pixels_follow |= kind == Kind::flip || kind == Kind::noise;
    noise_follows |= kind == Kind::noise || kind == Kind::standardize;
  }
  return 0;
}

std::pair<double, double> range_of(const Stage& stage) {
  if (stage.values.size() == 2 && stage.kind() == Kind::range) return {stage.values[0], stage.values[1]};
  return {std::string(stage.operation->name) == "0_to_1" ? 0 : -1, 1};
}

/// low + x / 255 (high - low) in the form (x / 255 - mean) / deviation.
Normalization normalization(double low, double high) {
  const auto mean = static_cast<float>(-low / (high - low)), deviation = static_cast<float>(1 / (high - low));
  return {{mean, mean, mean}, {deviation, deviation, deviation}};
}

}  // namespace

Pipeline::Pipeline(const std::string& text) : text_(text) {
  tail_.rotations = 1;
  const std::vector<Stage> stages = stages_of(text);
  const std::size_t on_host = host_count(stages);
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const Stage& stage = stages[i];
    if (is_range(stage)) std::tie(low_, high_) = range_of(stage);
    standardizes_ |= is_standardize(stage);
    exact_ |= is_exact(stage);
    if (i < on_host && stage.operation->make) {
      host_.push_back(stage.operation->make(stage.values));
      if (has_made_views(stage)) host_views_ *= stage.operation->views(stage.values);
    } else if (is_rotate(stage)) {
      tail_.rotations = 4;
    }
    flips_ |= i >= on_host && stage.kind() == Kind::flip;
    draws_noise_ |= i >= on_host && stage.kind() == Kind::noise;
  }
  tail_.normalization = normalization(low_, high_);
}

/// (v - mean) / max(deviation, 1 / sqrt(n)) of the values v = low + x unit.
template <class Level>
void Pipeline::set_range(View& view, const BasicImage<Level>& image) const {
  const double unit = (high_ - low_) / 255, least = 1 / std::sqrt(static_cast<double>(image.pixels.size()));
  const Moments levels = moments(image);
  const double scale = unit / std::max(levels.deviation * std::abs(unit), least);
  view.scale = static_cast<float>(scale);
  view.offset = static_cast<float>(-scale * levels.mean);
}

/// What the device's kernel does.
void Pipeline::compute_exactly(View& view, const ExactImage& image) const {
  ExactImage values = view.flip ? mirror(image) : image;
  if (draws_noise_) values = hsv_noise(values, view.noise);
  const auto unit = static_cast<float>((high_ - low_) / 255), low = static_cast<float>(low_);
  for (float& v : values.pixels) v = standardizes_ ? v * view.scale + view.offset : v * unit + low;
  view.exact = values.pixels;
  if (tail_.rotations == 1) return;
  view.exact.clear();
  for (const ExactImage& turned : rotations(values))
    view.exact.insert(view.exact.end(), turned.pixels.begin(), turned.pixels.end());
}

std::vector<View> Pipeline::run(Picture picture, Rng& rng, bool train) const {
  if (exact_) picture.make_exact();
  std::vector<Picture> pictures;
  pictures.push_back(std::move(picture));
  for (const HostOp& op : host_) op(pictures, rng, train);
  std::vector<View> views(pictures.size());
  for (std::size_t i = 0; i < views.size(); ++i) {
    View& view = views[i];
    view.flip = flips_ && train && rng.coin();
    if (draws_noise_) view.noise = draw_hsv_noise(rng);
    if (exact_) pictures[i].make_exact();  // whatever the last operation gave
    Picture::Pixels pixels = pictures[i].take();
    std::visit(
        [&](const auto& image) {
          if (standardizes_) set_range(view, image);
        },
        pixels);
    if (const auto* image = std::get_if<ExactImage>(&pixels)) {
      compute_exactly(view, *image);
      view.image = rounded(*image);
    } else {
      view.image = std::move(std::get<Image>(pixels));
    }
  }
  return views;
}

std::string with_operations(const std::string& pipeline, const std::string& operations) {
  if (operations.empty()) return pipeline;
  for (const Stage& stage : stages_of(pipeline))
    if (stage.kind() == Kind::range || is_standardize(stage))
      return pipeline.substr(0, stage.place) + operations + "|" + pipeline.substr(stage.place);
  return pipeline + "|" + operations;
}

}  // namespace s4l::data
