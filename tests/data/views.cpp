// What a picture becomes in a pipeline of the language: views, their own draws, and the rows of network input.
#include <catch2/catch.hpp>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <set>

#include "s4l/core/kernel.h"
#include "s4l/data/loader.h"
#include "s4l/data/picture_stream.h"
#include "s4l/data/transforms/operations.h"
#include "s4l/data/transforms/pipeline.h"
#include "s4l/tests/data/pictures.h"

using namespace s4l;
using namespace s4l::data;
using s4l::test::test_picture;

namespace {

std::vector<View> run(const std::string& pipeline, const Image& image, bool train = true, std::uint64_t seed = 0) {
  Rng rng(seed, Purpose::augment);
  return Pipeline(pipeline).run(image, rng, train);
}

/// Network input of the picture.
std::vector<float> rows(const std::string& text, const Image& image, bool train = true, std::uint64_t seed = 0) {
  const Pipeline pipeline(text);
  const std::vector<View> views = run(text, image, train, seed);
  PictureRows all(pipeline.host_views(), {views[0].image.height, views[0].image.width}, pipeline);
  all.put(0, views, "picture");
  return values_of<float>(on_device(all, kCpu).rows(pipeline.tail()));
}

/// The largest difference of two rows of values of equal number.
double difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(static_cast<double>(a[i] - b[i])));
  return largest;
}

Image constant(int height, int width, std::uint8_t r, std::uint8_t g, std::uint8_t b) {
  Image image(height, width);
  for (std::size_t i = 0; i < image.pixels.size(); i += 3)
    image.pixels[i] = r, image.pixels[i + 1] = g, image.pixels[i + 2] = b;
  return image;
}

std::atomic<int> launches;

}  // namespace

TEST_CASE("the inception crop has the law of the spec") {
  double area = 0, ratio = 0, least = 1;
  constexpr int kDraws = 100000;
  Rng rng(3, Purpose::test);
  for (int i = 0; i < kDraws; ++i) {
    const Box box = draw_inception_crop({375, 500}, rng);
    const double share = static_cast<double>(box.height) * box.width / (500 * 375);
    area += share / kDraws;
    ratio += static_cast<double>(box.width) / box.height / kDraws;
    least = std::min(least, share);
    const bool inside = box.top >= 0 && box.left >= 0 && box.top + box.height <= 375 && box.left + box.width <= 500;
    if (!inside) FAIL("a crop reaches beyond the picture");
  }
  CHECK(area == Approx(0.388).margin(0.002));
  CHECK(ratio == Approx(1.043).margin(0.002));
  CHECK(least >= 0.1);
}

TEST_CASE("an inception crop of a narrow or tiny picture is inside it or all of it") {
  Rng rng(4, Purpose::test);
  for (const Size size : {Size{1, 1}, Size{1, 100}, Size{100, 1}, Size{2, 3}, Size{3, 2}, Size{7, 7}})
    for (int i = 0; i < 100; ++i) {
      const Box box = draw_inception_crop(size, rng);
      CHECK((box.top >= 0 && box.left >= 0 && box.height >= 1 && box.width >= 1));
      CHECK((box.top + box.height <= size.height && box.left + box.width <= size.width));
    }
}

TEST_CASE("evaluation leaves out inception_crop, flip_lr, pad_crop, randaugment and cutout, but not the noise") {
  const Image image = test_picture(20, 20);
  const auto plain = rows("0_to_1", image, false);
  CHECK(rows("inception_crop|flip_lr|pad_crop(2)|randaugment|cutout|0_to_1", image, false) == plain);
  CHECK(difference(rows("hsvnoise|0_to_1", image, false), plain) > 0.01);
  CHECK(run("crop_inception_patches(3, 8)", image, false).size() == 3);
}

TEST_CASE("only the pixels that crops leave are decoded, once") {
  std::vector<Box> decoded;
  const auto picture = [&](int height, int width) {
    return Picture({height, width}, [&](Box box) {
      decoded.push_back(box);
      return Image(box.height, box.width);
    });
  };
  Rng rng(1, Purpose::augment), same(1, Purpose::augment);
  Pipeline("inception_crop|resize(8)|flip_lr").run(picture(100, 120), rng, true);
  const Box box = draw_inception_crop({100, 120}, same);
  REQUIRE(decoded.size() == 1);
  CHECK((decoded[0].top == box.top && decoded[0].left == box.left));
  CHECK((decoded[0].height == box.height && decoded[0].width == box.width));
  decoded.clear();
  Pipeline("central_crop(50)|crop(10, 20)").run(picture(100, 120), rng, false);
  REQUIRE(decoded.size() == 1);
  CHECK((decoded[0].top == 45 && decoded[0].left == 50 && decoded[0].height == 10 && decoded[0].width == 20));
  decoded.clear();
  Pipeline("crop_inception_patches(8, 4)").run(picture(100, 120), rng, true);
  CHECK(decoded.size() == 1);
}

TEST_CASE("a cropped picture is the crop of the picture, whenever it is decoded") {
  const Image image = test_picture(40, 50);
  const auto views = [&](const std::string& pipeline) { return run(pipeline, image, true, 9)[0].image.pixels; };
  CHECK(views("inception_crop|crop(5)|resize(7)") == views("plain_preprocess|inception_crop|crop(5)|resize(7)"));
  Rng rng(9, Purpose::augment);
  const std::vector<View> lazy = Pipeline("inception_crop|crop(5)")
                                     .run(Picture({40, 50},
                                                  [&](Box box) {
                                                    Picture whole(image);
                                                    whole.crop(box);
                                                    return whole.take();
                                                  }),
                                          rng, true);
  CHECK(lazy[0].image.pixels == views("inception_crop|crop(5)"));
}

TEST_CASE("exact preprocessing has the same draws, and the usual one lies within half a level of it") {
  const Image image = test_picture(41, 53);
  struct Case {
    const char* pipeline;
    double levels;  // each rounding adds half of one
  };
  for (const Case& c :
       {Case{"inception_crop|resize(16)|flip_lr|-1_to_1|rotate", 0.5}, Case{"resize_small(17)|crop(16)|0_to_1", 0.5},
        Case{"resize(16, randomize_method)|pad_crop(2)|rotate|flip_lr", 0.5},
        Case{"multi_crop(16)|value_range(-2, 3)", 0}, Case{"resize_small(20)|multi_crop(16)|rotate", 0.5},
        Case{"resize_small(20)|resize(16)|cutout", 1}, Case{"crop_inception_patches(3, 16)|to_gray(0.5)", 1},
        Case{"inception_preprocess(16)", 2.5}})
    for (const bool train : {true, false})
      for (const std::uint64_t seed : {1, 2, 3}) {
        INFO(c.pipeline << " " << train << " " << seed);
        const Pipeline plain(c.pipeline);
        const double level = std::string(c.pipeline).find("range") != std::string::npos    ? 5 / 255.0
                             : std::string(c.pipeline).find("0_to_1") != std::string::npos ? 1 / 255.0
                                                                                           : 2 / 255.0;
        const auto exact = rows("exact|" + std::string(c.pipeline), image, train, seed);
        const double apart = difference(exact, rows(c.pipeline, image, train, seed));
        CHECK(apart <= c.levels * level + 1e-5);
        if (c.levels > 0) CHECK(apart > 0);
        CHECK(Pipeline("exact|" + std::string(c.pipeline)).views() == plain.views());
      }
  const std::string levels_last = "resize(16)|rotate|randaugment";
  CHECK(difference(rows("exact|" + levels_last, image), rows(levels_last, image)) <= 1 / 255.0 + 1e-5);
  CHECK(difference(rows("exact|resize(16)|standardize", image), rows("resize(16)|standardize", image)) < 0.02);
  CHECK(difference(rows("exact|flip_lr|hsvnoise|-1_to_1", image), rows("flip_lr|hsvnoise|-1_to_1", image)) < 1e-4);
  CHECK_THROWS_WITH(Pipeline("resize(16)|exact"),
                    Catch::Contains("\"exact\" cannot stand after \"resize\": it comes first"));
}

TEST_CASE("every patch has its own crop, mirror and noise") {
  const std::vector<View> views = run("crop_inception_patches(8, 16)|hsvnoise|flip_lr|-1_to_1", test_picture(40, 50));
  REQUIRE(views.size() == 8);
  std::set<float> hues;
  std::set<std::string> patches;
  int flips = 0;
  for (const View& view : views) {
    hues.insert(view.noise.hue);
    patches.insert({view.image.pixels.begin(), view.image.pixels.end()});
    flips += view.flip;
  }
  CHECK(hues.size() == 8);
  CHECK(patches.size() == 8);
  CHECK((flips > 0 && flips < 8));
}

TEST_CASE("what follows copies draws for each of them") {
  std::set<std::string> cuts;
  int flips = 0;
  for (const View& view : run("copies(8)|pad_crop(4)|flip_lr|-1_to_1", test_picture(20, 20))) {
    cuts.insert({view.image.pixels.begin(), view.image.pixels.end()});
    flips += view.flip;
  }
  CHECK(cuts.size() > 4);  // two may meet
  CHECK((flips > 0 && flips < 8));
  const std::vector<View> alike = run("copies(3)", test_picture(6, 7));
  REQUIRE(alike.size() == 3);
  for (const View& view : alike) CHECK(view.image.pixels == test_picture(6, 7).pixels);
}

TEST_CASE("multi_crop gives the centre and four corners, each in its four rotations") {
  Image image(4, 5);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(i / 3);
  const auto corner = [](const View& view) { return static_cast<int>(view.image.pixels[0]); };
  const std::vector<View> views = run("multi_crop(2)|rotate|-1_to_1", image);
  REQUIRE(views.size() == 5);
  std::vector<int> corners;
  std::transform(views.begin(), views.end(), std::back_inserter(corners), corner);
  CHECK(corners == std::vector<int>{6, 0, 3, 10, 13});
  const auto all = rows("multi_crop(2)|rotate|value_range(0, 255)", image);
  REQUIRE(all.size() == 20 * 12);
  CHECK(all[4 * 12] == Approx(0).margin(1e-4));  // top left, upright, then counter-clockwise
  CHECK(all[5 * 12] == Approx(1));
  CHECK(all[6 * 12] == Approx(6));
  CHECK(all[7 * 12] == Approx(5));
}

TEST_CASE("host and device agree on what both can do") {
  const Image image = test_picture(16, 16);
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    CHECK(difference(rows("flip_lr|0_to_1", image, true, seed), rows("flip_lr|crop(16)|0_to_1", image, true, seed)) <
          1e-6);
    CHECK(difference(rows("hsvnoise|0_to_1", image, true, seed), rows("hsvnoise|crop(16)|0_to_1", image, true, seed)) <
          0.501 / 255);
  }
  CHECK(difference(rows("rotate|0_to_1", image), rows("rotate|crop(16)|0_to_1", image)) < 1e-6);
  CHECK(difference(rows("-1_to_1|rotate", image), rows("rotate|-1_to_1", image)) < 1e-6);
}

TEST_CASE("standardize gives mean 0 and deviation 1, and a constant picture 0") {
  for (const char* text : {"standardize", "0_to_1|standardize", "standardize|flip_lr|rotate"}) {
    const auto values = rows(text, test_picture(16, 16));
    double sum = 0, squares = 0;
    for (const float v : values) sum += static_cast<double>(v), squares += static_cast<double>(v) * v;
    CHECK(sum / static_cast<double>(values.size()) == Approx(0).margin(1e-5));
    CHECK(squares / static_cast<double>(values.size()) == Approx(1).epsilon(1e-4));
  }
  for (const float v : rows("standardize", constant(5, 5, 200, 200, 200))) CHECK(v == Approx(0).margin(1e-4));
  Image two = constant(1, 1, 10, 10, 10);  // deviation below 1/sqrt(3): [0, 0, 1/255] in 0_to_1
  two.pixels = {0, 0, 1};
  CHECK(rows("0_to_1|standardize", two)[2] == Approx(2.0 / 3 / 255 * std::sqrt(3.0)));
}

TEST_CASE("to_gray makes every channel the mean, with its probability") {
  CHECK(run("to_gray", constant(1, 2, 10, 20, 45))[0].image.pixels == std::vector<std::uint8_t>(6, 25));
  int grey = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed)
    grey += run("to_gray(0.66)", constant(1, 1, 10, 20, 45), true, seed)[0].image.pixels[0] == 25;
  CHECK(grey > 600);
  CHECK(grey < 720);
}

TEST_CASE("randomize_method resizes in one of three ways, corner on corner") {
  Image line(1, 4);
  for (int i = 0; i < 4; ++i) std::fill_n(line.at(0, i), 3, static_cast<std::uint8_t>(std::array{0, 10, 20, 100}[i]));
  std::set<std::vector<int>> seen;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const Image image = run("resize(1, 7, randomize_method)", line, true, seed)[0].image;
    std::vector<int> levels;
    for (int i = 0; i < 7; ++i) levels.push_back(*image.at(0, i));
    seen.insert(levels);
  }
  CHECK(seen == std::set<std::vector<int>>{{0, 5, 10, 15, 20, 60, 100},    // bilinear
                                           {0, 10, 10, 20, 20, 100, 100},  // nearest
                                           {0, 4, 10, 8, 20, 61, 100}});   // bicubic: 4.06, 8.44, 60.94
  CHECK(run("resize(1, 7, randomize_method)", line, false)[0].image.pixels ==
        run("resize(1, 7)", line, false)[0].image.pixels);
}

TEST_CASE("inception_preprocess takes the middle in evaluation, and keeps grey grey in training") {
  const Image image = test_picture(16, 24);
  CHECK(
      difference(rows("inception_preprocess(6)", image, false), rows("central_crop(14, 22)|resize(6)", image, false)) <
      1e-6);  // margins of 1 (1.0) and 1 (1.5 rounded down)
  std::set<int> levels;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Image out = run("inception_preprocess(6)", constant(9, 9, 128, 128, 128), true, seed)[0].image;
    CHECK(std::count(out.pixels.begin(), out.pixels.end(), out.pixels[0]) == 108);
    levels.insert(out.pixels[0]);
  }
  CHECK(*levels.begin() >= 96);
  CHECK(*levels.rbegin() <= 160);
  CHECK(levels.size() > 40);
}

TEST_CASE("brightness and saturation agree with HSV") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed, Purpose::augment), same(seed, Purpose::augment);
    const Image out = brightness_saturation(constant(1, 1, 200, 100, 50), rng);
    const double brighter = static_cast<double>(same.uniform(-32 / 255.f, 32 / 255.f));
    HsvNoise saturation;
    saturation.s_gain = same.uniform(0.5f, 1.5f);
    const auto rgb = with_hsv_noise(200 / 255.0 + brighter, 100 / 255.0 + brighter, 50 / 255.0 + brighter, saturation);
    for (std::size_t c = 0; c < 3; ++c) CHECK(out.pixels[c] == Approx(255 * rgb[c]).margin(0.501));
  }
}

TEST_CASE("the tail of a batch is one launch") {
  const Pipeline pipeline("crop_inception_patches(2, 8)|flip_lr|hsvnoise|-1_to_1|rotate");
  PictureRows all(3 * pipeline.host_views(), {8, 8}, pipeline);
  Rng rng(0, Purpose::augment);
  for (int i = 0; i < 3; ++i) all.put(i, pipeline.run(test_picture(20, 20), rng, true), "picture");
  const Pictures pictures = on_device(all, kCpu);
  launches = 0;
  kernel_observer = [](const char*, const Tensor&) { ++launches; };
  const Tensor x = pictures.rows(pipeline.tail());
  kernel_observer = nullptr;
  CHECK(launches == 1);
  CHECK(x.shape() == Shape{24, 8, 8, 3});
}

TEST_CASE("rotate asks for square pictures") {
  CHECK_THROWS_WITH(run("rotate|flip_lr", Image(3, 4)), "rotate: expected a square picture, got 3x4");
}
