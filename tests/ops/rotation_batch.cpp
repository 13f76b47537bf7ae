#include "s4l/core/ops/rotation_batch.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/tests/support/near.h"
#include "s4l/tests/support/op_case.h"

using namespace s4l;
using namespace s4l::test;

namespace {

using Bytes = std::vector<std::uint8_t>;
using Indices = std::vector<std::int32_t>;

/// Values of the normalisation below are the bytes themselves.
const Normalization kBytes{{0, 0, 0}, {1 / 255.f, 1 / 255.f, 1 / 255.f}};

/// A picture whose three channels all hold `values`.
Bytes grey(std::initializer_list<int> values) {
  Bytes bytes;
  for (int value : values) bytes.insert(bytes.end(), 3, static_cast<std::uint8_t>(value));
  return bytes;
}
std::vector<double> grey_numbers(std::initializer_list<int> values) {
  const Bytes bytes = grey(values);
  return {bytes.begin(), bytes.end()};
}

Bytes random_bytes(std::int64_t count) {
  Bytes bytes;
  for (std::int64_t i = 0; i < count; ++i) bytes.push_back(static_cast<std::uint8_t>((i * 2654435761u) >> 13));
  return bytes;
}

std::vector<float> numbers_of(const HsvNoise& n) {
  return {n.hue, n.s_power, n.s_gain, n.s_offset, n.v_power, n.v_gain, n.v_offset};
}

std::vector<double> naive(const Bytes& pictures, Shape in, const Indices& index, const Bytes& flip,
                          const RotationBatchOptions& options) {
  const std::int64_t h = in[1], w = in[2];
  std::vector<double> y;
  for (std::size_t i = 0; i < index.size(); ++i)
    for (int view = 0; view < options.rotations; ++view)
      for (std::int64_t r = 0; r < h; ++r)
        for (std::int64_t s = 0; s < w; ++s)
          for (std::size_t c = 0; c < 3; ++c) {
            const std::int64_t row = view == 0 ? r : view == 1 ? s : view == 2 ? h - 1 - r : h - 1 - s;
            std::int64_t column = view == 0 ? s : view == 1 ? w - 1 - r : view == 2 ? w - 1 - s : r;
            if (!flip.empty() && flip[i] != 0) column = w - 1 - column;  // the picture is mirrored before it turns
            const auto at = static_cast<std::size_t>(((index[i] * h + row) * w + column) * 3) + c;
            const auto mean = static_cast<double>(options.normalization.mean[c]);
            y.push_back((pictures[at] / 255.0 - mean) / static_cast<double>(options.normalization.deviation[c]));
          }
  return y;
}

}  // namespace

TEST_CASE("the four rotations are the spec's, and a picture is mirrored before it turns") {
  const Tensor picture = from_values(grey({1, 2, 3, 4}), {1, 2, 2, 3});
  check_near(rotation_batch(picture, {}, {}, {.normalization = kBytes}),
             grey_numbers({1, 2, 3, 4, /*1*/ 2, 4, 1, 3, /*2*/ 4, 3, 2, 1, /*3*/ 3, 1, 4, 2}), 1e-6, 0);
  check_near(rotation_batch(picture, {}, {from_values(Bytes{1}, {1})}, {.normalization = kBytes}),
             grey_numbers({2, 1, 4, 3, /*1*/ 1, 3, 2, 4, /*2*/ 3, 4, 1, 2, /*3*/ 4, 2, 3, 1}), 1e-6, 0);
}

TEST_CASE("the default normalisation maps bytes to -1 to 1") {
  const Tensor y = rotation_batch(from_values(Bytes{0, 255, 51}, {1, 1, 1, 3}), {}, {}, {.rotations = 1});
  check_near(y, {-1, 1, -0.6}, 1e-6, 0);
}

TEST_CASE("rotation_batch agrees with the plain loops for awkward sizes, on every device") {
  const Normalization imagenet{{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
  KernelsUnderTest kernels;
  for (const Device& device : devices())
    for (const Shape& in : {Shape{3, 1, 1, 3}, Shape{4, 31, 31, 3}, Shape{2, 32, 32, 3}, Shape{3, 33, 33, 3},
                            Shape{3, 17, 5, 3}, Shape{2, 131, 131, 3}, Shape{2, 5, 300, 3}}) {
      const RotationBatchOptions options{imagenet, in[1] == in[2] ? 4 : 1};
      const Bytes pictures = random_bytes(in.numel());
      const Indices index{1, 0, 1};
      const Bytes flip{0, 1, 1};
      const Tensor x = from_values(pictures, in, device);
      const auto check_case = [&](const Tensor& i, const Tensor& f, const Indices& each, const Bytes& mirrored) {
        check_near(rotation_batch(x, i, {f}, options), naive(pictures, in, each, mirrored, options), 1e-5, 1e-5);
      };
      Indices all(static_cast<std::size_t>(in[0]));
      for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::int32_t>(i);
      check_case({}, {}, all, {});
      check_case(from_values(index, {3}, device), from_values(flip, {3}, device), index, flip);
      CHECK(rotation_batch(x, from_values(Indices{}, {0}, device), {}, options).shape()[0] == 0);
    }
  kernels.mark_compared();
}

TEST_CASE("HSV noise has the golden value, in the formula and in the kernel") {
  const HsvNoise noise{0.1f, 2, std::exp2(0.5f), 0.05f, 0.5f, std::exp2(-0.25f), -0.05f};
  const auto [r, g, b] = with_hsv_noise<double>(200 / 255.0, 100 / 255.0, 50 / 255.0, noise);
  CHECK(255 * r == Approx(177.1511).epsilon(1e-6));
  CHECK(255 * g == Approx(167.1658).epsilon(1e-6));
  CHECK(255 * b == Approx(27.3707).epsilon(1e-6));
  const Tensor picture = from_values(Bytes{200, 100, 50}, {1, 1, 1, 3});
  const PictureDraws draws{.noise = from_values(numbers_of(noise), {1, 7})};
  check_near(rotation_batch(picture, {}, draws, {kBytes, 1}), {177.1511, 167.1658, 27.3707}, 1e-6, 1e-3);
}

TEST_CASE("rotation_batch adds each picture's own noise before it turns, and takes its own range") {
  const HsvNoise one{-0.07f, 3.5f, 0.7f, 0.1f, 0.3f, 1.4f, -0.1f}, two{0.09f, 0.25f, 1.4f, -0.1f, 4, 0.7f, 0.1f};
  std::vector<float> numbers = numbers_of(one);
  for (const float number : numbers_of(two)) numbers.push_back(number);
  for (const Device& device : devices())
    for (const std::int64_t side : {1, 7, 16, 31, 33}) {
      const Shape in{2, side, side, 3};
      const Bytes pictures = random_bytes(in.numel());
      const PictureDraws draws{from_values(Bytes{0, 1}, {2}, device), from_values(numbers, {2, 7}, device),
                               from_values(std::vector<float>{0.5f, -3, 2, 10}, {2, 2}, device)};
      const auto turned = naive(pictures, in, {0, 1}, {0, 1}, {kBytes, 4});
      std::vector<double> expected;
      for (std::size_t i = 0; i < turned.size(); i += 3) {
        const bool first = i < turned.size() / 2;
        for (const double c :
             with_hsv_noise(turned[i] / 255, turned[i + 1] / 255, turned[i + 2] / 255, first ? one : two))
          expected.push_back(first ? 255 * c * 0.5 - 3 : 255 * c * 2 + 10);
      }
      check_near(rotation_batch(from_values(pictures, in, device), {}, draws, {{}, 4}), expected, 1e-5, 2e-3);
    }
}

TEST_CASE("noise that draws nothing leaves every colour of a grid as it is") {
  Bytes colours;
  for (int i = 0; i < 18 * 18 * 18; ++i)
    for (const int level : {i % 18, i / 18 % 18, i / 324}) colours.push_back(static_cast<std::uint8_t>(level * 15));
  const Tensor x = from_values(colours, {1, 18, 324, 3});
  const PictureDraws draws{.noise = from_values(numbers_of({}), {1, 7})};
  check_near(rotation_batch(x, {}, draws, {kBytes, 1}), std::vector<double>(colours.begin(), colours.end()), 0, 1e-3);
}

TEST_CASE("rotation_batch gives the same bits for any number of threads") {
  const Tensor x = from_values(random_bytes(5 * 33 * 33 * 3), {5, 33, 33, 3});
  const int before = num_threads();
  set_num_threads(1);
  const auto one = doubles(rotation_batch(x, {}, {}));
  set_num_threads(3);
  const auto three = doubles(rotation_batch(x, {}, {}));
  set_num_threads(before);
  CHECK(one == three);
}

TEST_CASE("labels follow the rows of rotation_batch") {
  KernelsUnderTest kernels;
  for (const Device& device : devices()) {
    check_near(rotation_labels(2, device), {0, 1, 2, 3, 0, 1, 2, 3}, 0, 0);
    check_near(repeat_labels(from_values(Indices{7, -1}, {2}, device), 3), {7, 7, 7, -1, -1, -1}, 0, 0);
    CHECK(repeat_labels(from_values(Indices{7, -1}, {2}, device), 0).numel() == 0);
    const Tensor rows = repeat_labels(from_values(std::vector<float>{0, 2, 0.5f, 0}, {2, 2}, device), 2);
    CHECK(rows.shape() == Shape{4, 2});
    check_near(rows, {0, 2, 0, 2, 0.5, 0, 0.5, 0}, 0, 0);
    CHECK(rotation_labels(0, device).numel() == 0);
    check_near(picture_labels(7, 3, device), {0, 0, 0, 1, 1, 1, 2}, 0, 0);
    CHECK(picture_labels(0, 1, device).numel() == 0);
  }
  kernels.mark_compared();
}

TEST_CASE("rotation_batch names what does not fit") {
  const Tensor x = from_values(random_bytes(2 * 4 * 4 * 3), {2, 4, 4, 3});
  CHECK_THROWS_WITH(rotation_batch(zeros({1, 4, 4, 3}), {}, {}), Catch::Contains("f32"));
  CHECK_THROWS_WITH(rotation_batch(from_values(random_bytes(24), {1, 2, 4, 3}), {}, {}), Catch::Contains("square"));
  CHECK_THROWS_WITH(rotation_batch(x, {}, {}, {.rotations = 2}), Catch::Contains("got 2"));
  CHECK_THROWS_WITH(rotation_batch(x, {}, {from_values(Bytes{1}, {1})}),
                    Catch::Contains("(2)") && Catch::Contains("(1)"));
  CHECK_THROWS_WITH(rotation_batch(x, {}, {.noise = zeros({2, 6})}), Catch::Contains("noise f32 (2, 7)"));
  CHECK_THROWS_WITH(rotation_batch(x, {}, {.range = zeros({1, 2})}), Catch::Contains("range f32 (2, 2)"));
  CHECK_THROWS_WITH(rotation_batch(x, zeros({1}), {}), Catch::Contains("i32"));
  CHECK_THROWS_WITH(picture_labels(4, 0, kCpu), Catch::Contains("got 4 and 0"));
  CHECK_THROWS_WITH(repeat_labels(zeros({2}), 3), Catch::Contains("i32") && Catch::Contains("f32 (2)"));
  CHECK_THROWS_WITH(rotation_batch(x, from_values(Indices{0, 2}, {2}), {}),
                    Catch::Contains("from 0 to 1, got 2 in place 1"));
}
