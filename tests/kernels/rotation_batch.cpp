#include "s4l/core/ops/rotation_batch.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/tests/kernels/device_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

using Bytes = std::vector<std::uint8_t>;

struct Case {
  Shape in;  ///< of the pictures
  std::vector<std::int32_t> index{};
  Bytes flip{};
  bool noise = false, range = false;
  DType dtype = DType::f32;
  std::int64_t channels = 3;
  Bytes pictures{};  ///< random ones where there are none
};

const Normalization kImagenet{{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
const std::vector<float> kNoise = {-0.07f, 3.5f, 0.7f, 0.1f, 0.3f, 1.4f, -0.1f, 0.09f, 0.25f, 1.4f, -0.1f,
                                   4,      0.7f, 0.1f, 0.5f, 1,    1,    0,     1,     1,     0};
const std::vector<float> kRange = {0.5f, -3, 2, 10, 1, 0};

Bytes random_bytes(std::int64_t count) {
  Bytes bytes;
  for (std::int64_t i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>((i * 2654435761u) >> 13));
  return bytes;
}

/// Channel c of a pixel of sample i.
double normalized(const Case& c, std::size_t i, const std::uint8_t* pixel, std::size_t channel) {
  double rgb[3] = {pixel[0] / 255.0, pixel[1] / 255.0, pixel[2] / 255.0};
  if (c.noise) {
    const float* d = &kNoise[7 * i];
    const auto noisy = with_hsv_noise(rgb[0], rgb[1], rgb[2], HsvNoise{d[0], d[1], d[2], d[3], d[4], d[5], d[6]});
    for (std::size_t k = 0; k < 3; ++k) rgb[k] = noisy[k];
  }
  if (c.range) return 255 * rgb[channel] * static_cast<double>(kRange[2 * i]) + static_cast<double>(kRange[2 * i + 1]);
  return (rgb[channel] - static_cast<double>(kImagenet.mean[channel])) /
         static_cast<double>(kImagenet.deviation[channel]);
}

std::vector<double> naive(const Case& c, const Bytes& pictures, int rotations) {
  const std::int64_t h = c.in[1], w = c.in[2];
  std::vector<double> y;
  for (std::size_t i = 0; i < c.index.size(); ++i)
    for (int view = 0; view < rotations; ++view)
      for (std::int64_t r = 0; r < h; ++r)
        for (std::int64_t s = 0; s < w; ++s)
          for (std::int64_t k = 0; k < c.channels; ++k) {
            const std::int64_t row = view == 0 ? r : view == 1 ? s : view == 2 ? h - 1 - r : h - 1 - s;
            std::int64_t column = view == 0 ? s : view == 1 ? w - 1 - r : view == 2 ? w - 1 - s : r;
            if (!c.flip.empty() && c.flip[i] != 0) column = w - 1 - column;
            const bool exists = 0 <= c.index[i] && c.index[i] < c.in[0];
            const auto at = static_cast<std::size_t>(((exists ? c.index[i] : 0) * h + row) * w + column) * 3;
            y.push_back(k >= 3    ? 0
                        : !exists ? std::nan("")
                                  : normalized(c, i, &pictures[at], static_cast<std::size_t>(k)));
          }
  return y;
}

void check_case(Case c) {
  INFO(c.in[1] << " x " << c.in[2] << " as " << c.channels << " channels of " << to_text(c.dtype));
  const int rotations = c.in[1] == c.in[2] ? 4 : 1;
  const Bytes pictures = c.pictures.empty() ? random_bytes(c.in.numel()) : c.pictures;
  const bool all = c.index.empty();
  for (std::int64_t i = 0; all && i < c.in[0]; ++i) c.index.push_back(static_cast<std::int32_t>(i));
  const auto n = static_cast<std::int64_t>(c.index.size());
  const double r = std::max(rounding(c.dtype), 1e-6);
  check_on_device(
      [&] {
        const PictureDraws draws{
            c.flip.empty() ? Tensor() : from_values(c.flip, {n}, kCuda),
            c.noise ? from_values(std::vector<float>(kNoise.begin(), kNoise.begin() + 7 * n), {n, 7}, kCuda) : Tensor(),
            c.range ? from_values(std::vector<float>(kRange.begin(), kRange.begin() + 2 * n), {n, 2}, kCuda)
                    : Tensor()};
        const Tensor y = empty({rotations * n, c.in[1], c.in[2], c.channels}, c.dtype, kCuda);
        kernel::rotation_batch(from_values(pictures, c.in, kCuda), all ? Tensor() : from_values(c.index, {n}, kCuda),
                               draws, RotationBatchOptions{kImagenet, rotations}, y);
        return std::vector<Tensor>{y};
      },
      {{naive(c, pictures, rotations), r, c.noise ? 1e-3 : 1e-5}});
}

}  // namespace

TEST_CASE("rotation_batch on the device turns pictures of any size") {
  for (const std::int64_t side : {1, 2, 7, 31, 32, 33, 40, 48, 65})
    if (side <= 33 || !watched_for_races()) check_case({{2, side, side, 3}});
  check_case({{2, 17, 5, 3}});
  check_case({{1, 3, 64, 3}});
  check_case({{0, 4, 4, 3}});
}

TEST_CASE("rotation_batch on the device gathers, mirrors, adds noise and takes ranges") {
  for (const std::int64_t side : {5, 16, 33}) {
    check_case({{3, side, side, 3}, {1, 0, 1}, {0, 1, 1}});
    check_case({{2, side, side, 3}, {1, 0, 1}, {1, 0, 1}, true});
    check_case({{2, side, side, 3}, {1, 0}, {}, true, true});
  }
  check_case({{2, 16, 48, 3}, {1, 1}, {0, 1}, false, true});
  const Bytes pure = {0, 0, 0, 90, 90, 90, 255, 255, 255, 200, 0, 200};  // no hue, no saturation, no value
  check_case({{1, 2, 2, 3}, {0, 0, 0}, {}, true, false, DType::f32, 3, pure});
  check_case({{2, 4, 4, 3}, {1, -1, 2}});  // pictures that do not exist
}

TEST_CASE("rotation_batch on the device writes every type, in 3, 4 or 8 channels") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16})
    for (const std::int64_t channels : {3, 4, 8})
      for (const std::int64_t side : {7, 16, 40})
        if (side < 40 || !watched_for_races())
          check_case({{2, side, side, 3}, {1, 0}, {1, 0}, false, false, dtype, channels});
  const Tensor y = empty({4, 2, 2, 5}, DType::f32, kCuda);
  CHECK_THROWS_WITH(kernel::rotation_batch(from_values(random_bytes(12), {1, 2, 2, 3}, kCuda), Tensor(), PictureDraws(),
                                           RotationBatchOptions(), y),
                    Catch::Contains("3, 4 or 8 channels") && Catch::Contains("(4, 2, 2, 5)"));
}

TEST_CASE("labels of views, on the device") {
  for (const std::int64_t n : {0, 1, 33, 300}) {
    std::vector<double> views, repeated, pictures, soft_repeated;
    const auto soft = normals(2 * n, 7);
    for (std::int64_t i = 0; i < 3 * n; ++i) pictures.push_back(static_cast<double>(i / 3));
    for (std::int64_t row = 0; row < 6; ++row)
      soft_repeated.insert(soft_repeated.end(), soft.begin() + row / 3 * n, soft.begin() + (row / 3 + 1) * n);
    std::vector<std::int32_t> labels;
    for (std::int64_t i = 0; i < 4 * n; ++i) views.push_back(static_cast<double>(i % 4));
    for (std::int64_t i = 0; i < n; ++i) {
      labels.push_back(static_cast<std::int32_t>(7 * i - 1));
      repeated.insert(repeated.end(), 3, static_cast<double>(7 * i - 1));
    }
    check_on_device(
        [&] {
          const Tensor y = empty({4 * n}, DType::i32, kCuda), again = empty({3 * n}, DType::i32, kCuda);
          const Tensor which = empty({3 * n}, DType::i32, kCuda), rows = empty({6, n}, DType::f64, kCuda);
          kernel::rotation_labels(y);
          kernel::picture_labels(3, which);
          kernel::repeat_labels(on_device(soft, {2, n}, DType::f64), 3, rows);
          kernel::repeat_labels(from_values(labels, {n}, kCuda), 3, again);
          return std::vector<Tensor>{y, again, which, rows};
        },
        {{views, 0, 0}, {repeated, 0, 0}, {pictures, 0, 0}, {soft_repeated, 0, 0}});
  }
}
