#include <catch2/catch.hpp>

#include "s4l/core/error.h"
#include "s4l/data/dataset.h"
#include "s4l/tests/data/pictures.h"
#include "s4l/tests/data/tar_bytes.h"

using namespace s4l;
using namespace s4l::data;

namespace {

/// A record of one colour with its coarse and its fine label.
std::string record(char coarse, char fine, char red) {
  return std::string{coarse, fine} + std::string(1024, red) + std::string(2048, '\x05');
}

}  // namespace

TEST_CASE("CIFAR-100 has fine or coarse labels, in a folder or an archive") {
  const test::TemporaryFolder root;
  const std::string train = record(3, 99, 7) + record(19, 0, 8), test = record(0, 42, 9);
  test::write_file(root / "c/train.bin", train);
  test::write_file(root / "c/test.bin", test);
  test::write_file(root / "c.tar", test::tar_bytes({{"c/train.bin", train}, {"c/test.bin", test}}));
  for (const char* place : {"c", "c.tar"}) {
    DatasetOptions options;
    options.root = (root / place).string();
    const auto fine = open_dataset("cifar100", options);
    CHECK(fine->size() == 3);
    CHECK(fine->classes() == 100);
    CHECK(fine->label(0) == 99);
    CHECK(fine->part(1) == Part::train);
    CHECK(fine->part(2) == Part::test);
    CHECK(fine->path(2) == "test/00000");
    CHECK(fine->image(1, {4, 5, 1, 1}).pixels == std::vector<std::uint8_t>{8, 5, 5});
    options.extra = {{"labels", "coarse"}};
    const auto coarse = open_dataset("cifar100", options);
    CHECK(coarse->classes() == 20);
    CHECK(coarse->label(1) == 19);
    options.extra = {{"labels", "both"}};
    CHECK_THROWS_WITH(open_dataset("cifar100", options), Catch::Contains("labels=fine or labels=coarse"));
  }
  test::write_file(root / "c/test.bin", record(20, 42, 9));
  DatasetOptions options;
  options.root = (root / "c").string();
  options.extra = {{"labels", "coarse"}};
  CHECK_THROWS_WITH(open_dataset("cifar100", options), Catch::Contains("test.bin: expected labels below 20, got 20"));
}
