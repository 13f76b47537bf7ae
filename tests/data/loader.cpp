#include "s4l/data/loader.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "s4l/tests/data/memory_dataset.h"

using namespace s4l;
using namespace s4l::data;
using s4l::test::MemoryDataset;

namespace {

constexpr const char* kAugment = "pad_crop(2)|flip_lr|-1_to_1";

LoaderOptions options_for(std::int64_t labelled, std::int64_t unlabelled, int workers = 2, int prefetch = 4) {
  LoaderOptions options;
  options.labelled = {labelled, {kAugment}};
  if (unlabelled > 0) options.unlabelled = {unlabelled, {kAugment, kAugment}};
  options.seed = 5;
  options.workers = workers;
  options.prefetch = prefetch;
  return options;
}

Split everything(const Dataset& dataset) {
  Split split;
  for (std::int64_t i = 0; i < dataset.size(); ++i) split.unlabelled.push_back(i);
  split.labelled = split.unlabelled;
  return split;
}

template <class T>
void append(std::vector<std::int64_t>& bytes, const Tensor& x) {
  const auto values = values_of<T>(x);
  bytes.insert(bytes.end(), values.begin(), values.end());
}

/// Every number of a batch.
std::vector<std::int64_t> content(const Batch& batch) {
  std::vector<std::int64_t> all;
  append<std::uint8_t>(all, batch.labelled.u8);
  append<std::uint8_t>(all, batch.labelled.draws.flip);
  append<std::int32_t>(all, batch.labels);
  for (const Pictures& view : batch.unlabelled) {
    append<std::uint8_t>(all, view.u8);
    append<std::uint8_t>(all, view.draws.flip);
  }
  if (batch.index) append<std::int64_t>(all, batch.index);
  return all;
}

std::vector<std::vector<std::int64_t>> contents(Loader& loader, int steps) {
  std::vector<std::vector<std::int64_t>> all;
  for (int step = 0; step < steps; ++step) all.push_back(content(loader.next()));
  return all;
}

/// The unlabelled indices of `steps` steps, one after the other.
std::vector<std::int64_t> indices(Loader& loader, int steps) {
  std::vector<std::int64_t> all;
  for (int step = 0; step < steps; ++step) append<std::int64_t>(all, loader.next().index);
  return all;
}

}  // namespace

TEST_CASE("each epoch of a stream holds every picture once, across the batches' borders") {
  const MemoryDataset dataset(2, {5, 6}, 0);
  for (const std::int64_t batch : {1, 4, 11, 30}) {  // 30: a batch of nearly three epochs
    Loader loader(dataset, everything(dataset), options_for(3, batch));
    const std::vector<std::int64_t> all = indices(loader, static_cast<int>(66 / batch));
    std::set<std::vector<std::int64_t>> orders;
    for (std::size_t at = 0; at + 11 <= all.size(); at += 11) {
      const std::vector<std::int64_t> epoch(all.begin() + static_cast<std::ptrdiff_t>(at),
                                            all.begin() + static_cast<std::ptrdiff_t>(at) + 11);
      CHECK(std::set<std::int64_t>(epoch.begin(), epoch.end()).size() == 11);
      orders.insert(epoch);
    }
    CHECK(orders.size() == all.size() / 11);
  }
}

TEST_CASE("a batch holds the pictures that its index and labels tell") {
  const MemoryDataset dataset(3, {4}, 0);
  LoaderOptions options = options_for(5, 7);
  options.labelled.pipelines = {"-1_to_1"};
  options.unlabelled.pipelines = {"-1_to_1"};
  Loader loader(dataset, everything(dataset), options);
  for (int step = 0; step < 4; ++step) {
    const Batch batch = loader.next();
    const auto pixels = values_of<std::uint8_t>(batch.unlabelled[0].u8);
    const auto index = values_of<std::int64_t>(batch.index);
    REQUIRE(batch.unlabelled[0].u8.shape() == Shape({7, 4, 4, 3}));
    for (std::size_t row = 0; row < 7; ++row) {
      const Image image = dataset.whole_image(index[row]);
      CHECK(std::equal(image.pixels.begin(), image.pixels.end(), &pixels[row * 48]));
    }
    const auto labelled = values_of<std::uint8_t>(batch.labelled.u8);
    const auto labels = values_of<std::int32_t>(batch.labels);
    for (std::size_t row = 0; row < 5; ++row)
      CHECK(labels[row] == dataset.label(labelled[row * 48] / 7));  // a picture's first byte tells its number
  }
}

TEST_CASE("the stream is the same for any number of workers and any prefetch, and after a seek") {
  const MemoryDataset dataset(2, {9, 8}, 0);
  const Split split = everything(dataset);
  Loader alone(dataset, split, options_for(4, 6, 0, 1));
  const auto expected = contents(alone, 24);
  CHECK(std::set<std::vector<std::int64_t>>(expected.begin(), expected.end()).size() == 24);
  for (const int workers : {0, 1, 2, 5}) {
    for (const int prefetch : {1, 4, 16}) {
      Loader loader(dataset, split, options_for(4, 6, workers, prefetch));
      CHECK(contents(loader, 24) == expected);
      for (const std::int64_t step : {23, 0, 7}) {
        loader.seek(step);
        CHECK(loader.step() == step);
        CHECK(content(loader.next()) == expected[static_cast<std::size_t>(step)]);
        CHECK(loader.step() == step + 1);
      }
      CHECK(content(loader.next()) == expected[8]);
    }
  }
}

TEST_CASE("another seed is another stream, and the streams and the views differ from each other") {
  const MemoryDataset dataset(2, {20}, 0);
  LoaderOptions options = options_for(40, 40);
  Loader first(dataset, everything(dataset), options);
  options.seed = 6;
  Loader second(dataset, everything(dataset), options);
  const Batch a = first.next(), b = second.next();
  CHECK(values_of<std::int64_t>(a.index) != values_of<std::int64_t>(b.index));
  CHECK(values_of<std::uint8_t>(a.labelled.u8) != values_of<std::uint8_t>(a.unlabelled[0].u8));
  CHECK(values_of<std::uint8_t>(a.unlabelled[0].u8) != values_of<std::uint8_t>(a.unlabelled[1].u8));
  CHECK(values_of<std::uint8_t>(a.unlabelled[0].draws.flip) != values_of<std::uint8_t>(a.unlabelled[1].draws.flip));
}

TEST_CASE("with class weights a label is a row that holds the weight of its class") {
  const MemoryDataset dataset(2, {6, 2}, 0);
  LoaderOptions options = options_for(3, 2);
  options.class_weights = balanced_class_weights(dataset, everything(dataset).labelled);
  CHECK(options.class_weights == std::vector<float>{8 / 12.f, 8 / 4.f});
  Loader weighted(dataset, everything(dataset), options), plain(dataset, everything(dataset), options_for(3, 2));
  for (int step = 0; step < 5; ++step) {
    const auto rows = values_of<float>(weighted.next().labels);
    const auto labels = values_of<std::int32_t>(plain.next().labels);
    REQUIRE(rows.size() == 6);
    for (std::size_t i = 0; i < 3; ++i) {
      const auto label = static_cast<std::size_t>(labels[i]);
      CHECK(rows[2 * i + label] == options.class_weights[label]);
      CHECK(rows[2 * i + 1 - label] == 0);
    }
  }
  CHECK_THROWS_WITH(balanced_class_weights(dataset, {0, 1}), Catch::Contains("got none of \"class1\""));
}

TEST_CASE("the host's views of a picture are adjacent rows with their own draws") {
  const MemoryDataset dataset(2, {5}, 0);
  LoaderOptions options = options_for(4, 2);
  options.labelled.pipelines = {"crop_inception_patches(3, 2)|hsvnoise|flip_lr"};
  options.unlabelled.pipelines = {"multi_crop(4)|standardize"};
  Loader loader(dataset, everything(dataset), options);
  const Batch batch = loader.next();
  CHECK(batch.labels.numel() == 4);
  CHECK(batch.labelled.u8.shape() == Shape{12, 2, 2, 3});
  CHECK(batch.labelled.draws.noise.shape() == Shape{12, 7});
  const auto noise = values_of<float>(batch.labelled.draws.noise);
  CHECK(std::set<float>(noise.begin(), noise.end()).size() == noise.size());
  CHECK(batch.unlabelled[0].draws.range.shape() == Shape{10, 2});
  const auto pixels = values_of<std::uint8_t>(batch.unlabelled[0].u8);
  const auto index = values_of<std::int64_t>(batch.index);
  for (std::size_t row = 0; row < 10; ++row) {  // crops of the whole picture
    const std::vector<std::uint8_t> whole = dataset.whole_image(index[row / 5]).pixels;
    CHECK(std::equal(whole.begin(), whole.end(), pixels.begin() + static_cast<std::ptrdiff_t>(row * whole.size())));
  }
}

TEST_CASE("two slots are used in turn and stay where they are") {
  const MemoryDataset dataset(2, {20}, 0);
  Loader loader(dataset, everything(dataset), options_for(4, 8));
  std::vector<std::vector<void*>> places;
  for (int step = 0; step < 6; ++step) {
    const Batch batch = loader.next();
    places.push_back({batch.labelled.u8.raw(), batch.labelled.draws.flip.raw(), batch.labels.raw(), batch.index.raw(),
                      batch.unlabelled[0].u8.raw(), batch.unlabelled[1].u8.raw(),
                      batch.unlabelled[1].draws.flip.raw()});
    if (step == 3) loader.seek(0);
  }
  for (std::size_t step = 2; step < 6; ++step) CHECK(places[step] == places[step - 2]);
  for (std::size_t k = 0; k < places[0].size(); ++k) CHECK(places[0][k] != places[1][k]);
}

TEST_CASE("without unlabelled views there is no unlabelled stream") {
  const MemoryDataset dataset(2, {20}, 0);
  Loader loader(dataset, everything(dataset), options_for(4, 0));
  const Batch batch = loader.next();
  CHECK(batch.unlabelled.empty());
  CHECK(!batch.index);
  CHECK(loader.waited() > 0);
}

TEST_CASE("options that cannot be met are refused") {
  const MemoryDataset dataset(2, {4}, 0);
  const Split split = everything(dataset);
  CHECK_THROWS_WITH(Loader(dataset, split, options_for(4, 4, -1)), Catch::Contains("workers") && Catch::Contains("-1"));
  CHECK_THROWS_WITH(Loader(dataset, split, options_for(4, 4, 1, 0)), Catch::Contains("prefetch"));
  CHECK_THROWS_WITH(Loader(dataset, split, options_for(0, 4)), Catch::Contains("batch of at least 1"));
  CHECK_THROWS_WITH(Loader(dataset, Split{}, options_for(4, 4)), Catch::Contains("expected pictures"));
  LoaderOptions two_views = options_for(4, 4);
  two_views.labelled.pipelines.push_back(kAugment);
  CHECK_THROWS_WITH(Loader(dataset, split, two_views), Catch::Contains("one view"));
  Loader loader(dataset, split, options_for(4, 4));
  CHECK_THROWS_WITH(loader.seek(-1), Catch::Contains("0 or more"));
}

TEST_CASE("pictures of another size reach next() as an error that names picture, sizes and the way out") {
  MemoryDataset dataset(2, {20}, 0);
  dataset.items[7].size = {6, 5};
  for (const int workers : {0, 3}) {
    Loader loader(dataset, everything(dataset), options_for(1, 40, workers));
    for (int again = 0; again < 2; ++again)
      CHECK_THROWS_WITH(loader.next(), Catch::Contains("4x4") && Catch::Contains("6x5") &&
                                           Catch::Contains("\"pictures/7.png\"") && Catch::Contains("resize("));
  }
}

TEST_CASE("an error of the preprocessing names the picture") {
  MemoryDataset dataset(2, {20}, 0);
  dataset.items[7].size = {2, 2};
  LoaderOptions options = options_for(1, 40);
  options.unlabelled.pipelines = {"crop(3)|-1_to_1"};
  Loader loader(dataset, everything(dataset), options);
  CHECK_THROWS_WITH(loader.next(), Catch::StartsWith("\"pictures/7.png\": ") && Catch::Contains("2x2"));
  CHECK_THROWS_WITH(eval_batch(dataset, {7}, 0, 1, Pipeline("crop(3)|-1_to_1"), kCpu),
                    Catch::StartsWith("\"pictures/7.png\": "));
}

TEST_CASE("a damaged picture is replaced by the next of its epoch, the same for any number of workers") {
  MemoryDataset dataset(2, {150}, 0);
  dataset.undecodable = {3, 200};
  const Split split = everything(dataset);
  Loader alone(dataset, split, options_for(30, 40, 0, 1)), threaded(dataset, split, options_for(30, 40, 3, 4));
  MemoryDataset sound = dataset;
  sound.undecodable.clear();
  Loader undamaged(sound, split, options_for(30, 40));
  const auto wished = indices(undamaged, 15), got = indices(alone, 15);  // 600 positions: two epochs
  CHECK(indices(threaded, 15) == got);
  int replaced = 0;
  for (std::size_t at = 0; at < got.size(); ++at) {
    if (!dataset.undecodable.contains(wished[at])) {
      CHECK(got[at] == wished[at]);
      continue;
    }
    ++replaced;
    const std::size_t epoch = at / 300 * 300;
    CHECK(got[at] == wished[epoch + (at + 1 - epoch) % 300]);
  }
  CHECK(replaced == 4);
  for (const Loader* loader : {&alone, &threaded}) {
    const auto damaged = loader->damaged();
    REQUIRE(damaged.size() == 2);
    CHECK(damaged[0].path == "pictures/3.png");
    CHECK(damaged[1].path == "pictures/200.png");
    CHECK(damaged[1].reason == "decode: truncated");
  }
  CHECK(undamaged.damaged().empty());
}

TEST_CASE("one damaged picture is borne, two of sixty are an error at the same step for any number of workers") {
  MemoryDataset borne(2, {30}, 0);
  borne.undecodable = {3};
  Loader one(borne, everything(borne), options_for(60, 60));
  CHECK(indices(one, 3).size() == 180);
  MemoryDataset dataset = borne;
  dataset.undecodable = {3, 50};
  std::set<int> steps;
  for (const int workers : {0, 1, 4}) {
    Loader two(dataset, everything(dataset), options_for(1, 6, workers));
    int step = 0;
    try {
      for (; step < 10; ++step) two.next();
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::data);
      CHECK_THAT(error.what(), Catch::Contains("at most 1 damaged of 60") && Catch::Contains("decode: truncated"));
    }
    CHECK(step < 10);
    CHECK_THROWS_AS(two.next(), Error);
    steps.insert(step);
  }
  CHECK(steps.size() == 1);
}

TEST_CASE("a loader of nothing but damaged pictures is refused") {
  MemoryDataset dataset(2, {30}, 0);
  for (std::int64_t i = 0; i < dataset.size(); ++i) dataset.undecodable.insert(i);
  CHECK_THROWS_WITH(Loader(dataset, everything(dataset), options_for(1, 6)), Catch::Contains("damaged"));
}

TEST_CASE("a loader ends and seeks at once while its workers are busy or idle") {
  const MemoryDataset dataset(2, {50}, 0);
  const Split split = everything(dataset);
  for (int round = 0; round < 40; ++round) {
    Loader loader(dataset, split, options_for(8, 64, 1 + round % 5, 1 + round % 7));
    for (int step = 0; step < round % 3; ++step) loader.next();
    if (round % 2 == 0) loader.seek(round);
    if (round % 4 == 0) loader.next();
  }
}

TEST_CASE("damaged(), waited() and step() may be asked while another thread reads") {
  MemoryDataset dataset(2, {50}, 0);
  dataset.undecodable = {1};
  Loader loader(dataset, everything(dataset), options_for(8, 50));
  std::jthread reader([&] {
    for (int step = 0; step < 20; ++step) loader.next();
  });
  for (std::int64_t step = 0; step < 20; step = loader.step()) {
    CHECK(loader.damaged().size() <= 1);
    CHECK(loader.waited() >= 0);
  }
  reader.join();
  CHECK(loader.damaged().size() == 1);
}

TEST_CASE("evaluation reads pictures unaugmented in the given order, a damaged one black and without a label") {
  MemoryDataset dataset(2, {10}, 0);
  dataset.undecodable = {12};
  const Pipeline pipeline(kAugment);
  const EvalBatch batch = eval_batch(dataset, {15, 3, 12, 9}, 1, 4, pipeline, kCpu);
  CHECK(values_of<std::int32_t>(batch.labels) == std::vector<std::int32_t>{0, -1, 0});
  const auto pixels = values_of<std::uint8_t>(batch.pictures.u8);
  std::vector<std::uint8_t> expected = dataset.whole_image(3).pixels;
  expected.resize(96, 0);
  const Image last = dataset.whole_image(9);
  expected.insert(expected.end(), last.pixels.begin(), last.pixels.end());
  CHECK(pixels == expected);
  for (const std::uint8_t flip : values_of<std::uint8_t>(batch.pictures.draws.flip)) CHECK(flip == 0);
  REQUIRE(batch.damaged.size() == 1);
  CHECK(batch.damaged[0].path == "pictures/12.png");
  dataset.items[9].size = {5, 5};
  CHECK_THROWS_WITH(eval_batch(dataset, {3, 9}, 0, 2, pipeline, kCpu), Catch::Contains("\"pictures/9.png\""));
  CHECK_THROWS_WITH(eval_batch(dataset, {3, 9}, 1, 3, pipeline, kCpu), Catch::Contains("[1, 3)"));
}
