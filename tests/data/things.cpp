#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>
#include <thread>

#include "s4l/core/error.h"
#include "s4l/core/io/sha256.h"
#include "s4l/data/dataset.h"

using namespace s4l;
using namespace s4l::data;

namespace {

std::unique_ptr<Dataset> things(int side, std::map<std::string, std::string> extra = {}, std::uint64_t seed = 0) {
  DatasetOptions options;
  options.img_size = side;
  options.seed = seed;
  options.extra = std::move(extra);
  return open_dataset("things", options);
}

std::string hash_of(const Dataset& dataset, std::int64_t begin, std::int64_t end) {
  std::string bytes;
  for (std::int64_t i = begin; i < end; ++i) {
    const Image image = dataset.whole_image(i);
    bytes.append(image.pixels.begin(), image.pixels.end());
  }
  return io::sha256(bytes);
}

std::string message_of(int side, const std::map<std::string, std::string>& extra) {
  try {
    things(side, extra);
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.what();
  }
  return "no error";
}

/// Mean absolute difference of two pictures, the larger one averaged over blocks of the smaller one's pixels.
double difference(const Image& small, const Image& large) {
  const int block = large.height / small.height;
  double sum = 0;
  for (int row = 0; row < small.height; ++row)
    for (int column = 0; column < small.width; ++column)
      for (int c = 0; c < 3; ++c) {
        double mean = 0;
        for (int y = 0; y < block; ++y)
          for (int x = 0; x < block; ++x) mean += large.at(row * block + y, column * block + x)[c];
        sum += std::abs(mean / (block * block) - small.at(row, column)[c]);
      }
  return sum / static_cast<double>(small.pixels.size());
}

}  // namespace

TEST_CASE("the pictures of things v1 are the ones that results were measured on") {
  const auto dataset = things(0, {{"train", "1000"}, {"test", "1000"}});
  CHECK(hash_of(*dataset, 0, 1000) == "338c7b800183357376576657b3188b70c24b8be3c84786d916adcd3bb2e4c3d5");
  CHECK(hash_of(*dataset, 1000, 2000) == "84ec2b37853bbc344a374d2fb9602575a243f611cc06a6b7a2db95a721f2571e");
}

TEST_CASE("things are 500 training and 2000 test pictures of 24 x 24 unless asked otherwise") {
  const auto dataset = things(0);
  REQUIRE(dataset->size() == 2500);
  CHECK(dataset->image_size(0) == Size{24, 24});
  CHECK(dataset->part(499) == Part::train);
  CHECK(dataset->part(500) == Part::test);
  CHECK(dataset->path(7) == "train/person/0007");
  CHECK(dataset->path(503) == "test/boat/0003");
}

TEST_CASE("things have ten classes, balanced within each part") {
  const auto dataset = things(0, {{"train", "35"}, {"test", "12"}});
  REQUIRE(dataset->size() == 47);
  REQUIRE(dataset->classes() == 10);
  std::vector<int> train(10), test(10);
  std::set<std::string> paths;
  for (std::int64_t i = 0; i < 47; ++i) {
    ++(dataset->part(i) == Part::train ? train : test)[static_cast<std::size_t>(dataset->label(i))];
    paths.insert(dataset->path(i));
  }
  CHECK(paths.size() == 47);
  CHECK(train == std::vector<int>{4, 4, 4, 4, 4, 3, 3, 3, 3, 3});
  CHECK(test == std::vector<int>{2, 2, 1, 1, 1, 1, 1, 1, 1, 1});
}

TEST_CASE("a thing's picture depends on seed, part and number, not on how many there are") {
  const auto few = things(0, {{"train", "20"}, {"test", "20"}}), many = things(0, {{"train", "30"}});
  const auto other = things(0, {{"train", "20"}}, 1);
  CHECK(few->whole_image(11).pixels == many->whole_image(11).pixels);
  CHECK(few->whole_image(20 + 11).pixels == many->whole_image(30 + 11).pixels);
  CHECK(few->whole_image(11).pixels != few->whole_image(20 + 11).pixels);
  CHECK(few->whole_image(11).pixels != other->whole_image(11).pixels);
}

TEST_CASE("things drawn by several threads, in any order, are the same") {
  const auto dataset = things(0, {{"train", "60"}, {"test", "0"}});
  std::vector<Image> drawn(60);
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&, t] {
      for (int i = 59 - t; i >= 0; i -= 3) drawn[static_cast<std::size_t>(i)] = dataset->whole_image(i);
    });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < 60; ++i)
    CHECK(drawn[i].pixels == dataset->whole_image(static_cast<std::int64_t>(i)).pixels);
}

TEST_CASE("a thing is the same scene at every size") {
  const std::map<std::string, std::string> quiet = {{"train", "20"}, {"noise", "0"}};
  const auto small = things(24, quiet), large = things(96, quiet);
  REQUIRE(large->image_size(0) == Size{96, 96});
  for (std::int64_t i = 0; i < 20; ++i) {
    CHECK(difference(small->whole_image(i), large->whole_image(i)) < 3);
    CHECK(difference(small->whole_image(i), large->whole_image((i + 1) % 20)) > 10);
  }
}

TEST_CASE("a box of a thing's picture is the same part of the whole") {
  const auto dataset = things(31);
  const Image whole = dataset->whole_image(5), part = dataset->image(5, {3, 20, 28, 11});
  REQUIRE(part.height == 28);
  REQUIRE(part.width == 11);
  for (int row = 0; row < 28; ++row) CHECK(std::equal(part.at(row, 0), part.at(row, 0) + 33, whole.at(row + 3, 20)));
  CHECK(dataset->image(5, {31, 0, 0, 31}).pixels.empty());
  CHECK_THROWS_AS(dataset->image(5, {4, 0, 28, 31}), Error);
}

TEST_CASE("each option of difficulty changes the pictures of things") {
  const Image v1 = things(0)->whole_image(3);
  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"contrast", "0.2"}, {"clutter", "9"}, {"occlusion", "4"}, {"scale", "0.3"}, {"noise", "0.2"}}) {
    INFO(name);
    CHECK(things(0, {{name, value}})->whole_image(3).pixels != v1.pixels);
  }
}

TEST_CASE("a wrong option of things is an error that names what was expected") {
  CHECK(
      message_of(0, {{"trian", "5"}}) ==
      "things: expected an option of train, test, held-out, contrast, clutter, occlusion, scale, noise, got \"trian\"");
  CHECK(message_of(0, {{"train", "-1"}}) == "things: train: expected a number from 0 to 100000000, got \"-1\"");
  CHECK(message_of(0, {{"noise", "0.1x"}}) == "things: noise: expected a number from 0 to 1, got \"0.1x\"");
  CHECK(message_of(0, {{"contrast", "nan"}}) == "things: contrast: expected a number from -1 to 1, got \"nan\"");
  CHECK(message_of(7, {}) == "things: expected a picture size from 8 to 4096, got 7");
}

TEST_CASE("things has a validation stream for searches, apart from train and test") {
  const auto test = things(0), validation = things(0, {{"held-out", "validation"}});
  const std::int64_t first = 500;  // of the held-out part
  CHECK(validation->part(first) == Part::test);
  CHECK(validation->path(first) == "validation/house/0000");
  CHECK(validation->label(first) == test->label(first));
  CHECK(validation->whole_image(first).pixels != test->whole_image(first).pixels);
  CHECK(validation->whole_image(first).pixels != test->whole_image(0).pixels);
  CHECK(validation->whole_image(0).pixels == test->whole_image(0).pixels);
  REQUIRE_THROWS_WITH(things(0, {{"held-out", "train"}}), Catch::Contains("held-out"));
}
