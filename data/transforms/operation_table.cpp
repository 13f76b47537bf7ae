#include "s4l/data/transforms/operation_table.h"

#include "s4l/data/transforms/operations.h"
#include "s4l/data/transforms/randaugment.h"

namespace s4l::data {
namespace {

int whole(double value) { return static_cast<int>(value); }
Size size_of(const Values& values, std::size_t at = 0) { return {whole(values[at]), whole(values[at + 1])}; }

/// Every view by itself, as pixels: op(image, rng, train) gives the new image.
template <class Op>
HostOp on_pixels(Op op) {
  return [op](std::vector<Picture>& views, Rng& rng, bool train) {
    for (Picture& view : views) view.change([&](const auto& image) { return op(image, rng, train); });
  };
}

/// The same for what happens in training alone.
template <class Op>
HostOp in_training(Op op) {
  return [op](std::vector<Picture>& views, Rng& rng, bool train) {
    if (!train) return;
    for (Picture& view : views) view.change([&](const auto& image) { return op(image, rng); });
  };
}

/// Every view is cut to box(size, rng, train).
template <class Choose>
HostOp on_boxes(Choose box) {
  return [box](std::vector<Picture>& views, Rng& rng, bool train) {
    for (Picture& view : views) view.crop(box(view.size(), rng, train));
  };
}

/// The one view becomes `count` copies.
void copy_view(std::vector<Picture>& views, int count) {
  views[0].share();
  views.resize(static_cast<std::size_t>(count), views[0]);
}

HostOp nothing(const Values&) {
  return [](std::vector<Picture>&, Rng&, bool) {};
}

HostOp make_inception_crop(const Values&) {
  return on_boxes([](Size size, Rng& rng, bool train) {
    return train ? draw_inception_crop(size, rng) : Box{0, 0, size.height, size.width};
  });
}

HostOp make_resize(const Values& values) {
  return on_pixels([size = size_of(values), any_filter = values[2] != 0](const auto& image, Rng& rng, bool train) {
    return any_filter && train ? resize_aligned(image, size, static_cast<Filter>(rng.below(3))) : resize(image, size);
  });
}

HostOp make_resize_small(const Values& values) {
  return on_pixels([side = whole(values[0])](const auto& image, Rng&, bool) { return resize_small(image, side); });
}

HostOp make_crop(const Values& values) {
  return on_boxes([crop = size_of(values)](Size size, Rng& rng, bool train) {
    return train ? draw_crop(size, crop, rng) : central_crop(size, crop);
  });
}

HostOp make_central_crop(const Values& values) {
  return on_boxes([crop = size_of(values)](Size size, Rng&, bool) { return central_crop(size, crop); });
}

HostOp make_multi_crop(const Values& values) {
  return [crop = size_of(values)](std::vector<Picture>& views, Rng&, bool) {
    const auto boxes = five_crops(views[0].size(), crop);
    copy_view(views, static_cast<int>(boxes.size()));
    for (std::size_t i = 0; i < boxes.size(); ++i) views[i].crop(boxes[i]);
  };
}

HostOp make_copies(const Values& values) {
  return [count = whole(values[0])](std::vector<Picture>& views, Rng&, bool) { copy_view(views, count); };
}

HostOp make_inception_patches(const Values& values) {
  return [count = whole(values[0]), size = size_of(values, 1)](std::vector<Picture>& views, Rng& rng, bool) {
    copy_view(views, count);
    for (Picture& view : views) {
      view.crop(draw_inception_crop(view.size(), rng));
      view.change([&](const auto& image) { return resize(image, size); });
    }
  };
}

/// Spec 5.8: crop, resize, mirror and colours in training, the middle 7/8 of each side in evaluation.
void inception_preprocess(Picture& view, Size size, Rng& rng, bool train) {
  if (!train) {
    const auto margin = [](int side) { return static_cast<int>((side - side * 0.875) / 2); };
    const auto [height, width] = view.size();
    view.crop({margin(height), margin(width), height - 2 * margin(height), width - 2 * margin(width)});
    return view.change([&](const auto& image) { return resize(image, size); });
  }
  view.crop(draw_inception_crop(view.size(), rng));
  view.change([&](const auto& image) { return resize(image, size); });
  if (rng.coin()) view.change([](const auto& image) { return mirror(image); });
  view.change([&](const auto& image) { return brightness_saturation(image, rng); });
}

HostOp make_inception_preprocess(const Values& values) {
  return [size = size_of(values)](std::vector<Picture>& views, Rng& rng, bool train) {
    inception_preprocess(views[0], size, rng, train);
  };
}

HostOp make_inception_preprocess_patches(const Values& values) {
  return [count = whole(values[0]), size = size_of(values, 1)](std::vector<Picture>& views, Rng& rng, bool train) {
    copy_view(views, count);
    for (Picture& view : views) inception_preprocess(view, size, rng, train);
  };
}

HostOp make_pad_crop(const Values& values) {
  return in_training(
      [padding = whole(values[0])](const auto& image, Rng& rng) { return pad_crop(image, padding, rng); });
}

HostOp make_randaugment(const Values& values) {
  return in_training([count = whole(values[0]), magnitude = whole(values[1])](const auto& image, Rng& rng) {
    return randaugment(rounded(image), count, magnitude, rng);
  });
}

HostOp make_cutout(const Values& values) {
  return in_training([share = values[0]](const auto& image, Rng& rng) { return cutout(image, share, rng); });
}

HostOp make_flip(const Values&) {
  return in_training([](const auto& image, Rng& rng) { return rng.coin() ? mirror(image) : image; });
}

HostOp make_hsv_noise(const Values&) {
  return on_pixels([](const auto& image, Rng& rng, bool) { return hsv_noise(image, draw_hsv_noise(rng)); });
}

HostOp make_to_gray(const Values& values) {
  return on_pixels([p = static_cast<float>(values[0])](const auto& image, Rng& rng, bool) {
    return rng.uniform() < p ? to_gray(image) : image;
  });
}

HostOp make_rotate(const Values&) {
  return [](std::vector<Picture>& views, Rng&, bool) {
    std::vector<Picture> turned;
    for (Picture& view : views)
      std::visit(
          [&](const auto& image) {
            for (auto& one : rotations(image)) turned.emplace_back(std::move(one));
          },
          view.pixels());
    views = std::move(turned);
  };
}

int five(const Values&) { return 5; }
int four(const Values&) { return 4; }
int first_value(const Values& values) { return whole(values[0]); }

}  // namespace

const std::vector<Operation>& operations() {
  using enum Accepted;
  static const Argument h{"h", pixels}, w{"w", pixels, kSameAsBefore}, n{"n", copies};
  static const std::vector<Operation> all = {
      {"exact", Kind::label, {}, nothing},
      {"plain_preprocess", Kind::label, {}, nothing},
      {"copy_label", Kind::label, {{"name", word, 0}}, nothing},
      {"inception_crop", Kind::places, {}, make_inception_crop, true},
      {"resize", Kind::places, {h, w, {"randomize_method", flag, 0}}, make_resize},
      {"resize_small", Kind::places, {{"s", pixels}}, make_resize_small},
      {"crop", Kind::places, {h, w}, make_crop},
      {"central_crop", Kind::places, {h, w}, make_central_crop},
      {"multi_crop", Kind::places, {h, w}, make_multi_crop, true, five},
      {"copies", Kind::places, {n}, make_copies, true, first_value},
      {"crop_inception_patches", Kind::places, {n, h, w}, make_inception_patches, true, first_value},
      {"inception_preprocess", Kind::levels, {h, w}, make_inception_preprocess, true, nullptr, true},
      {"crop_inception_preprocess_patches",
       Kind::levels,
       {n, h, w},
       make_inception_preprocess_patches,
       true,
       first_value,
       true},
      {"pad_crop", Kind::places, {{"p", pixels}}, make_pad_crop},
      {"randaugment", Kind::levels, {{"n", times, 2}, {"m", level, 10}}, make_randaugment},
      {"cutout", Kind::levels, {{"f", share, 0.5}}, make_cutout},
      {"to_gray", Kind::levels, {{"p", probability, 1}}, make_to_gray},
      {"flip_lr", Kind::flip, {}, make_flip},
      {"hsvnoise", Kind::noise, {}, make_hsv_noise},
      {"standardize", Kind::standardize},
      {"-1_to_1", Kind::range},
      {"0_to_1", Kind::range},
      {"value_range", Kind::range, {{"a", number}, {"b", number}}},
      {"rotate", Kind::rotate, {}, make_rotate, false, four},
  };
  return all;
}

}  // namespace s4l::data
