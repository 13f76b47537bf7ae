#include "s4l/methods/training/run_pictures.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "s4l/core/error.h"
#include "s4l/data/picture_stream.h"
#include "s4l/nn/models/model.h"

namespace s4l::methods {
namespace {

constexpr int kSmallPicture = 96;  // up to here equal pictures are used as they are
constexpr int kPhotoSide = 64;     // side for photographs in a network made for small pictures
constexpr int kImageNetSide = 224;
constexpr double kUsual = 0.9;  // this share of the pictures has the usual size

/// The size that nearly all pictures have, and whether all have it; {0, 0} where there is none.
struct UsualSize {
  data::Size size{};
  bool of_all = false;
};

UsualSize usual_size(const data::Dataset& dataset) {
  std::map<std::pair<int, int>, std::int64_t> counts;
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const data::Size size = dataset.image_size(i);
    ++counts[{size.height, size.width}];
  }
  for (const auto& [size, count] : counts)
    if (static_cast<double>(count) >= kUsual * static_cast<double>(dataset.size()))
      return {{size.first, size.second}, count == dataset.size()};
  return {};
}

int photo_side(const std::string& model) {
  for (const nn::ModelEntry& entry : nn::models())
    if (model == entry.name && entry.img_size < kImageNetSide) return kPhotoSide;
  return kImageNetSide;
}

/// Photographs: the shorter side to 8/7 of the network's, as 256 is to 224 in the spec's evaluation. Networks for large
/// pictures train on the paper's crops; small ones learn less from them in the time they have (docs/results.md).
void fill_in_for_photos(RunOptions& o) {
  const std::string side = std::to_string(o.img_size);
  const std::string fit = "resize_small(" + std::to_string(o.img_size * 8 / 7) + ")|";
  const std::string crop =
      o.img_size > kSmallPicture ? "inception_crop|resize(" + side + ")" : fit + "crop(" + side + ")";
  if (o.augment.empty()) o.augment = crop + "|flip_lr|-1_to_1";
  if (o.preprocess_eval.empty()) o.preprocess_eval = fit + "central_crop(" + side + ")|-1_to_1";
}

void fill_in_for_small(const UsualSize& usual, RunOptions& o) {
  const std::string side = std::to_string(o.img_size), shrink = "resize_small(" + side + ")|";
  const std::string fit_any = shrink + "central_crop(" + side + ")|";
  const int height = usual.size.height;
  const std::string fit_equal = height == o.img_size ? "" : height > o.img_size ? shrink : "resize(" + side + ")|";
  const std::string padding = std::to_string(std::max(1, o.img_size / 8));
  if (o.augment.empty()) o.augment = (usual.of_all ? fit_equal : fit_any) + "pad_crop(" + padding + ")|flip_lr|-1_to_1";
  // For pictures of any size, so that the weights file can be used on others; those of this size stay as they are.
  if (o.preprocess_eval.empty())
    o.preprocess_eval = (usual.of_all && height < o.img_size ? fit_equal : fit_any) + "-1_to_1";
}

/// The flattest and the tallest picture, of equally flat ones the smallest and the largest.
std::pair<std::int64_t, std::int64_t> extremes(const data::Dataset& dataset) {
  const auto shape = [&](std::int64_t i) {
    const data::Size size = dataset.image_size(i);
    return std::tuple(static_cast<double>(size.height) / size.width, size.height);
  };
  std::int64_t least = 0, most = 0;
  for (std::int64_t i = 1; i < dataset.size(); ++i) {
    if (shape(i) < shape(least)) least = i;
    if (shape(i) > shape(most)) most = i;
  }
  return {least, most};
}

/// What the pipeline makes of a picture; nothing where the file is damaged, which the loader deals with.
std::optional<data::Size> output_size(const data::Dataset& dataset, std::int64_t index, const data::Pipeline& pipeline,
                                      bool train) {
  std::optional<data::Image> whole;
  try {
    whole = dataset.whole_image(index);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) throw;
    return {};
  }
  Rng rng(0, Purpose::augment, 0);
  const data::Image image = data::preprocess(pipeline, data::Picture(*whole), rng, train, dataset.path(index))[0].image;
  return data::Size{image.height, image.width};
}

}  // namespace

void fill_in_pictures(const data::Dataset& dataset, RunOptions& o) {
  const UsualSize usual = usual_size(dataset);
  const int side = usual.size.height;
  const bool small = 0 < side && side == usual.size.width && side <= kSmallPicture;
  if (o.img_size == 0) o.img_size = small ? side : photo_side(o.model);
  check(o.img_size >= 8 && o.img_size <= 4096, "--img-size: expected 8 to 4096, got {}", o.img_size);
  if (small)
    fill_in_for_small(usual, o);
  else
    fill_in_for_photos(o);
}

void check_one_size(const data::Dataset& dataset, const data::Pipeline& pipeline, bool train, const char* option) {
  const auto [one, other] = extremes(dataset);
  const std::optional<data::Size> a = output_size(dataset, one, pipeline, train);
  const std::optional<data::Size> b = output_size(dataset, other, pipeline, train);
  if (!a || !b) return;
  check(*a == *b,
        "{} \"{}\": expected pictures of one size, got {}x{} from \"{}\" and {}x{} from \"{}\"; begin with "
        "resize_small(N)|crop(N) or resize(N)",
        option, pipeline.text(), a->height, a->width, dataset.path(one), b->height, b->width, dataset.path(other));
  check(pipeline.tail().rotations == 1 || a->height == a->width,
        "{} \"{}\": expected square pictures to rotate, got {}x{}; put resize(N) or crop(N) in front", option,
        pipeline.text(), a->height, a->width);
}

}  // namespace s4l::methods
