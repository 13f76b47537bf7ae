#include "s4l/data/transforms/pipeline.h"

#include <catch2/catch.hpp>

#include <set>

#include "s4l/core/error.h"
#include "s4l/tests/data/pictures.h"

using namespace s4l;
using namespace s4l::data;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using s4l::test::test_picture;

namespace {

/// A picture whose pixels (v, v, v) are these numbers.
Image grey(int height, int width, const std::vector<int>& values) {
  Image image(height, width);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(values[i / 3]);
  return image;
}

std::vector<int> levels(const Image& image) {
  std::vector<int> values;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) values.push_back(image.pixels[i]);
  return values;
}

Image run(const std::string& pipeline, const Image& image, bool train = false, std::uint64_t seed = 0) {
  Rng rng(seed, Purpose::augment);
  return Pipeline(pipeline).run(image, rng, train)[0].image;
}

using Levels = std::vector<int>;

}  // namespace

TEST_CASE("legacy bilinear resizing has the golden values") {
  CHECK(levels(run("resize(1, 2)", grey(1, 3, {0, 10, 20}))) == Levels{0, 15});
  CHECK(levels(run("resize(1, 4)", grey(1, 2, {0, 10}))) == Levels{0, 5, 10, 10});
  CHECK(levels(run("resize(1, 3)", grey(1, 5, {0, 10, 20, 30, 40}))) == Levels{0, 17, 33});  // 16.67, 33.33
  CHECK(levels(run("resize(h=4, w=1)", grey(2, 1, {0, 10}))) == Levels{0, 5, 10, 10});
  const Image square = grey(4, 4, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
  CHECK(levels(run("resize(2)", square)) == Levels{0, 2, 8, 10});
}

TEST_CASE("resizing is within half a level of the formula in f64") {
  const Image image = test_picture(37, 53);
  const Size size = GENERATE(Size{16, 16}, Size{64, 31}, Size{1, 1}, Size{37, 53});
  const Image got = run("resize(" + std::to_string(size.height) + "," + std::to_string(size.width) + ")", image);
  double worst = 0;
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x)
      for (int c = 0; c < 3; ++c) {
        const double v = y * 37.0 / size.height, u = x * 53.0 / size.width;
        const int top = static_cast<int>(v), left = static_cast<int>(u);
        const auto at = [&](int i, int j) { return image.at(std::min(i, 36), std::min(j, 52))[c] * 1.0; };
        const double upper = at(top, left) + (at(top, left + 1) - at(top, left)) * (u - left);
        const double lower = at(top + 1, left) + (at(top + 1, left + 1) - at(top + 1, left)) * (u - left);
        worst = std::max(worst, std::abs(got.at(y, x)[c] - (upper + (lower - upper) * (v - top))));
      }
  CHECK(worst < 0.501);
}

TEST_CASE("area resizing has the golden values and sizes") {
  CHECK(levels(run("resize_small(3)", grey(3, 4, {0, 10, 20, 30, 0, 10, 20, 30, 0, 10, 20, 30}))).size() == 12);
  const Image tall = run("resize_small(1)", grey(2, 4, {0, 10, 20, 30, 10, 20, 30, 40}));
  CHECK(levels(tall) == Levels{10, 30});
  // 1-D: [0, 10, 20, 30] -> 3 is 2.5, 15, 27.5, and [0, 10] -> 3 is 0, 5, 10; halves round up.
  const std::vector<int> column{0, 0, 0, 0, 10, 10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30};
  CHECK(levels(run("resize_small(3)", grey(4, 4, column))) == Levels{3, 3, 3, 15, 15, 15, 28, 28, 28});
  CHECK(levels(run("resize_small(3)", grey(2, 2, {0, 10, 0, 10}))) == Levels{0, 5, 10, 0, 5, 10, 0, 5, 10});
  const auto size_after = [](int height, int width) {
    const Image image = run("resize_small(256)", Image(height, width));
    return Size{image.height, image.width};
  };
  CHECK(size_after(375, 500) == Size{256, 341});
  CHECK(size_after(500, 333) == Size{384, 256});
  CHECK(size_after(60, 80) == Size{256, 341});
}

TEST_CASE("a white picture stays white through both resizings") {
  Image white(47, 31);
  std::fill(white.pixels.begin(), white.pixels.end(), std::uint8_t{255});
  for (const char* pipeline : {"resize(29)", "resize_small(29)", "resize_small(97)"})
    for (const std::uint8_t value : run(pipeline, white).pixels) REQUIRE(value == 255);
}

TEST_CASE("crop is random in training and central in evaluation") {
  const Image image = grey(3, 4, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  CHECK(levels(run("crop(2)", image)) == Levels{1, 2, 5, 6});
  CHECK(levels(run("central_crop(1, 3)", image, true)) == Levels{4, 5, 6});
  std::set<Levels> seen;
  for (std::uint64_t seed = 0; seed < 200; ++seed) seen.insert(levels(run("crop(2)", image, true, seed)));
  CHECK(seen.size() == 6);
  CHECK_THROWS_WITH(run("crop(4)", image), "crop: expected a picture of at least 4x4, got 3x4");
}

TEST_CASE("pad_crop shifts with reflected borders and evaluation leaves the picture") {
  const Image image = grey(1, 3, {1, 2, 3});
  std::set<Levels> seen;
  for (std::uint64_t seed = 0; seed < 300; ++seed) seen.insert(levels(run("pad_crop(2)", image, true, seed)));
  CHECK(seen == std::set<Levels>{{3, 2, 1}, {2, 1, 2}, {1, 2, 3}, {2, 3, 2}});  // shifts 2 and -2 look the same
  CHECK(levels(run("pad_crop(2)", image)) == Levels{1, 2, 3});
}

TEST_CASE("flip_lr asks for a mirror half the time, in training alone") {
  const Pipeline pipeline("flip_lr");
  int flips = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    Rng rng(seed, Purpose::augment);
    flips += pipeline.run(Image(1, 1), rng, true)[0].flip;
    CHECK_FALSE(pipeline.run(Image(1, 1), rng, false)[0].flip);
  }
  CHECK(flips > 440);
  CHECK(flips < 560);
}

TEST_CASE("the tail says range and rotations") {
  const auto ends = [](const std::string& text) {  // what 0 and 255 become
    const Normalization n = Pipeline(text).tail().normalization;
    return std::pair{(0 - n.mean[0]) / n.deviation[0], (1 - n.mean[2]) / n.deviation[2]};
  };
  CHECK(ends("flip_lr") == std::pair{-1.f, 1.f});
  CHECK(ends("-1_to_1") == std::pair{-1.f, 1.f});
  CHECK(ends("0_to_1") == std::pair{0.f, 1.f});
  CHECK(ends("value_range(-2, b=6)").first == Approx(-2));
  CHECK(ends("value_range(-2, b=6)").second == Approx(6));
  CHECK(Pipeline("resize(8)|flip_lr|-1_to_1|rotate").views() == 4);
  CHECK(Pipeline(" resize ( 8 ) | -1_to_1 ").views() == 1);
}

TEST_CASE("a pipeline gets operations before its value range") {
  CHECK(with_operations("pad_crop(4)|flip_lr|-1_to_1", "randaugment|cutout") ==
        "pad_crop(4)|flip_lr|randaugment|cutout|-1_to_1");
  CHECK(with_operations("crop(8) | standardize", "rotate") == "crop(8) | rotate|standardize");
  CHECK(with_operations("crop(8)", "rotate") == "crop(8)|rotate");
  CHECK(with_operations("crop(8)|0_to_1", "") == "crop(8)|0_to_1");
}

TEST_CASE("an operation's views and the device's part follow from the text") {
  struct Expected {
    const char* text;
    int host_views, rotations;
    bool noise;
  };
  for (const Expected& e : {Expected{"inception_crop|resize(8)|flip_lr|-1_to_1|rotate", 1, 4, false},
                            Expected{"copy_label|resize(8)|hsvnoise|flip_lr|rotate|0_to_1", 1, 4, true},
                            Expected{"crop_inception_patches(8,8)|hsvnoise|flip_lr|-1_to_1", 8, 1, true},
                            Expected{"resize_small(9)|multi_crop(8)|rotate|-1_to_1", 5, 4, false},
                            Expected{"rotate|flip_lr", 4, 1, false}, Expected{"hsvnoise|crop(8)", 1, 1, false},
                            Expected{"hsvnoise|standardize", 1, 1, false}, Expected{"hsvnoise|hsvnoise", 1, 1, true},
                            Expected{"crop_inception_preprocess_patches(3, 8)|rotate", 3, 4, false}}) {
    INFO(e.text);
    const Pipeline pipeline(e.text);
    CHECK(pipeline.host_views() == e.host_views);
    CHECK(pipeline.tail().rotations == e.rotations);
    CHECK(pipeline.draws_noise() == e.noise);
    CHECK(pipeline.views() == e.host_views * e.rotations);
  }
}

TEST_CASE("a wrong pipeline gets one line that points at the place") {
  const auto error = [](const std::string& text) -> std::string {
    try {
      Pipeline{text};
    } catch (const Error& e) {
      CHECK(e.kind() == ErrorKind::usage);
      return e.what();
    }
    return "";
  };
  CHECK_THAT(error("resize(8)|flop"),
             StartsWith("pipeline \"resize(8)|flop\": at character 11: unknown operation \"flop\"") &&
                 Contains("did you mean \"crop\"?"));
  CHECK_THAT(error(""), Contains("at character 1: expected the name"));
  CHECK_THAT(error("crop(8)||rotate"), Contains("at character 9: expected the name"));
  CHECK_THAT(error("crop(8"), Contains("at character 5: expected one pair of parentheses"));
  CHECK_THAT(error("crop(8))"), Contains("parentheses"));
  CHECK_THAT(error("crop"), Contains("at character 1: expected crop(h[, w])"));
  CHECK_THAT(error("crop(8, 9, 10)"), Contains("at character 12: expected crop(h[, w])"));
  CHECK_THAT(error("crop(8, x=9)"), Contains("at character 9: expected crop(h[, w])"));
  CHECK_THAT(error("crop(w=8)"), Contains("at character 1: expected crop(h[, w])"));
  CHECK_THAT(error("crop(8, h=9)"), Contains("at character 9: a second value for h"));
  CHECK_THAT(error("crop(8,)"), Contains("expected a value or key=value"));
  for (const char* value : {"0", "-1", "8.5", "1e9", "nan", "8px", "16385"})
    CHECK_THAT(error(std::string("pad_crop(") + value + ")"), Contains("at character 10: expected a whole number"));
  CHECK_THAT(error("value_range(0, x)"), Contains("at character 16: expected a number") && Contains("got \"x\""));
  CHECK_THAT(error("value_range(1, 1)"), Contains("two different values"));
  CHECK_THAT(error("0_to_1|-1_to_1"), Contains("at character 8: \"-1_to_1\" cannot stand after \"0_to_1\""));
  CHECK_THAT(error("-1_to_1|randaugment"), Contains("at character 9: \"randaugment\"") && Contains("0 to 255"));
  CHECK_THAT(error("inception_preprocess(8)|-1_to_1"), Contains("after \"inception_preprocess\""));
  CHECK_THAT(error("multi_crop(8)|inception_crop"), Contains("at character 15") && Contains("a single view"));
  CHECK_THAT(error("rotate|rotate"), Contains("at character 8: \"rotate\" cannot stand after \"rotate\""));
  CHECK_THAT(error("rotate|copy_label"), Contains("at character 8: \"copy_label\""));
  CHECK_THAT(error("standardize|crop(8)"), Contains("at character 13: \"crop\" cannot stand after"));
  CHECK_THAT(error("crop_inception_patches(65, 8)"), Contains("at character 24: expected a whole number from 1 to 64"));
  CHECK_THAT(error("randaugment(2, 12)"), Contains("at character 16: expected a whole number from 1 to 11"));
  CHECK_THAT(error("cutout(0)"), Contains("at character 8: expected a number above 0, at most 1"));
  CHECK_THAT(error("to_gray(1.5)"), Contains("at character 9: expected a number from 0 to 1"));
  CHECK_THAT(error("resize(8, method)"), Contains("at character 11: expected a whole number"));
  CHECK_THAT(error("resize(8, 8, 1)"), Contains("at character 14: expected resize(h[, w][, randomize_method])"));
  CHECK_THAT(error("crop(8)|\xC3\xA4\xC3\xB6|\xC3\xBC"), Contains("at character 9: unknown"));
  CHECK_THAT(error("\xC3\xA4(8"), Contains("at character 2: expected one pair"));
  CHECK(error("crop(8)|\n\n\u0001a").find('\n') == std::string::npos);
  CHECK_THAT(error("rotate(4)"), Contains("expected rotate without arguments"));
}
