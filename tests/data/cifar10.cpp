#include <algorithm>
#include <catch2/catch.hpp>

#include "s4l/core/error.h"
#include "s4l/data/dataset.h"
#include "s4l/tests/data/pictures.h"

using namespace s4l;
using namespace s4l::data;
using s4l::test::TemporaryFolder;
using s4l::test::write_file;

namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr int kRecord = 3073;

/// Records with labels first, first + 1, ... modulo 10 and pixels that tell record, channel, row and column.
Bytes records(int count, int first) {
  Bytes bytes;
  for (int i = 0; i < count; ++i) {
    bytes.push_back(static_cast<std::uint8_t>((first + i) % 10));
    for (int channel = 0; channel < 3; ++channel)
      for (int row = 0; row < 32; ++row)
        for (int column = 0; column < 32; ++column)
          bytes.push_back(static_cast<std::uint8_t>(7 * (first + i) + 64 * channel + 32 * (row % 8) + column));
  }
  return bytes;
}

/// Two records in each of the five training batches, three in the test batch.
void write_all(const TemporaryFolder& folder) {
  for (int batch = 0; batch < 5; ++batch)
    write_file(folder / ("data_batch_" + std::to_string(batch + 1) + ".bin"), records(2, 2 * batch));
  write_file(folder / "test_batch.bin", records(3, 10));
}

std::unique_ptr<Dataset> open(const TemporaryFolder& folder) {
  DatasetOptions options;
  options.root = folder.path().string();
  return open_dataset("cifar10", options);
}

struct Failure {
  ErrorKind kind;
  std::string message;
};

Failure failure(const TemporaryFolder& folder) {
  try {
    open(folder);
  } catch (const Error& error) {
    return {error.kind(), error.what()};
  }
  return {ErrorKind::numeric, "no error"};
}

}  // namespace

TEST_CASE("CIFAR-10 is read as labels and interleaved pixels, training batches first") {
  const TemporaryFolder folder;
  write_all(folder);
  const auto dataset = open(folder);
  REQUIRE(dataset->size() == 13);
  CHECK(dataset->class_names()[9] == "truck");
  CHECK(dataset->image_size(0) == Size{32, 32});
  for (std::int64_t i = 0; i < 13; ++i) {
    CHECK(dataset->label(i) == i % 10);
    CHECK(dataset->part(i) == (i < 10 ? Part::train : Part::test));
    const Image image = dataset->whole_image(i);
    bool same = true;
    for (int row = 0; row < 32; ++row)
      for (int column = 0; column < 32; ++column)
        for (int channel = 0; channel < 3; ++channel)
          same = same && image.at(row, column)[channel] ==
                             static_cast<std::uint8_t>(7 * i + 64 * channel + 32 * (row % 8) + column);
    CHECK(same);
  }
  CHECK(dataset->path(3) == "data_batch_2/00001");
  CHECK(dataset->path(12) == "test_batch/00002");
}

TEST_CASE("a box of a CIFAR-10 picture is the same part of the whole") {
  const TemporaryFolder folder;
  write_all(folder);
  const auto dataset = open(folder);
  const Image whole = dataset->whole_image(4), part = dataset->image(4, {30, 3, 2, 5});
  REQUIRE(part.pixels.size() == 30);
  CHECK(std::equal(part.at(1, 0), part.at(1, 0) + 15, whole.at(31, 3)));
  CHECK_THROWS_AS(dataset->image(4, {30, 3, 3, 5}), Error);
}

TEST_CASE("CIFAR-10 takes its class names from batches.meta.txt where there is one") {
  const TemporaryFolder folder;
  write_all(folder);
  write_file(folder / "batches.meta.txt", std::string("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n"));
  CHECK(open(folder)->class_names()[9] == "j");
  write_file(folder / "batches.meta.txt", std::string("a\nb\n"));
  const Failure error = failure(folder);
  CHECK(error.kind == ErrorKind::data);
  CHECK_THAT(error.message, Catch::Matchers::EndsWith("batches.meta.txt: expected 10 class names, got 2"));
}

TEST_CASE("a missing batch of CIFAR-10 is an error that names it") {
  const TemporaryFolder folder;
  write_all(folder);
  std::filesystem::remove(folder / "data_batch_4.bin");
  const Failure error = failure(folder);
  CHECK(error.kind == ErrorKind::io);
  CHECK_THAT(error.message, Catch::Matchers::Contains((folder / "data_batch_4.bin").string()));
}

TEST_CASE("a CIFAR-10 file of any length but whole records is an error that tells the length") {
  const TemporaryFolder folder;
  write_all(folder);
  for (int size : {0, 1, kRecord - 1, kRecord + 1, 2 * kRecord - 1}) {
    Bytes bytes = records(2, 0);
    bytes.resize(static_cast<std::size_t>(size));
    write_file(folder / "test_batch.bin", bytes);
    const Failure error = failure(folder);
    CHECK(error.kind == ErrorKind::data);
    CHECK_THAT(error.message, Catch::Matchers::Contains("test_batch.bin: expected records of 3073 bytes") &&
                                  Catch::Matchers::EndsWith("got " + std::to_string(size) + " bytes"));
  }
}

TEST_CASE("a CIFAR-10 file too large to be one is refused unread") {
  const TemporaryFolder folder;
  write_all(folder);
  std::filesystem::resize_file(folder / "test_batch.bin", std::uintmax_t{kRecord} << 20);  // a hole, not disk
  CHECK_THAT(failure(folder).message, Catch::Matchers::Contains("expected a file of at most 268435456 bytes"));
}

TEST_CASE("a label beyond CIFAR-10's ten is an error that tells the record") {
  const TemporaryFolder folder;
  write_all(folder);
  Bytes bytes = records(2, 0);
  bytes[kRecord] = 10;
  write_file(folder / "data_batch_3.bin", bytes);
  const Failure error = failure(folder);
  CHECK(error.kind == ErrorKind::data);
  CHECK_THAT(error.message,
             Catch::Matchers::EndsWith("data_batch_3.bin: expected labels below 10, got 10 in record 1"));
}

TEST_CASE("CIFAR-10 needs a folder and has no options of its own") {
  DatasetOptions options;
  CHECK_THROWS_AS(open_dataset("cifar10", options), Error);
  options.root = ".";
  options.extra = {{"train", "5"}};
  CHECK_THROWS_WITH(open_dataset("cifar10", options), "cifar10: expected no options of its own, got \"train\"");
}
