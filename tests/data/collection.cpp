#include <catch2/catch.hpp>

#include "s4l/core/error.h"
#include "s4l/data/dataset.h"
#include "s4l/data/recognise.h"
#include "s4l/data/split.h"
#include "s4l/tests/data/pictures.h"
#include "s4l/tests/data/tar_bytes.h"

using namespace s4l;
using namespace s4l::data;
using Catch::Matchers::Contains;
using s4l::test::TemporaryFolder;
using s4l::test::write_file;

namespace {

void add(const std::filesystem::path& path, std::uint64_t seed) {
  write_file(path, test::write_jpeg(test::test_picture(8, 8, seed)));
}

/// Two classes with two training pictures and a test picture each: seeds 0 to 5.
void add_labelled(const std::filesystem::path& root) {
  std::uint64_t seed = 0;
  for (const char* path :
       {"train/a/1.jpg", "train/a/2.jpg", "test/a/3.jpg", "train/b/1.jpg", "train/b/2.jpg", "test/b/3.jpg"})
    add(root / path, seed++);
}

std::vector<std::string> unlabelled_paths(const Dataset& dataset) {
  std::vector<std::string> paths;
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    if (dataset.label(i) >= 0) continue;
    CHECK(dataset.part(i) == Part::train);
    paths.push_back(dataset.path(i));
  }
  return paths;
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE("pictures without labels come from folders, flat or nested, and from archives") {
  const TemporaryFolder root;
  add_labelled(root / "set");
  add(root / "photos/x.jpg", 10), add(root / "photos/deep/y.jpg", 11), add(root / "more/photos/z.jpg", 12);
  const auto bytes = test::write_jpeg(test::test_picture(8, 8, 13));
  write_file(root / "other.tar", test::tar_bytes({{"one.jpg", std::string(bytes.begin(), bytes.end())}}));
  DatasetOptions options;
  options.root = (root / "set").string();
  for (const char* place : {"photos/", "more/photos", "other.tar"})
    options.unlabeled.push_back((root / place).string());
  const auto dataset = open_dataset("image-folder", options);
  CHECK(dataset->size() == 10);
  CHECK(unlabelled_paths(*dataset) == Paths{"unlabeled:photos/deep/y.jpg", "unlabeled:photos/x.jpg",
                                            "unlabeled:photos-2/z.jpg", "unlabeled:other/one.jpg"});
  CHECK(dataset->notes().empty());
  CHECK(dataset->whole_image(9).pixels == test::libjpeg_decode(bytes).pixels);
  SplitOptions half;
  half.budget.total = 2;
  const Split split = make_split(*dataset, half);
  CHECK(split.labelled.size() == 2);
  CHECK(split.unlabelled.size() == 8);
  CHECK(split_from_csv(*dataset, split_csv(*dataset, split)).unlabelled == split.unlabelled);
}

TEST_CASE("an unlabelled picture that is a test picture is left out and reported") {
  const TemporaryFolder root;
  add_labelled(root / "set");
  add(root / "set/unlabeled/copy of b.jpg", 5), add(root / "set/unlabeled/new.jpg", 20);
  add(root / "photos/copy of a.jpg", 2), add(root / "photos/labelled one.jpg", 0);
  DatasetOptions options;
  options.root = (root / "set").string();
  options.unlabeled = {(root / "photos").string()};
  const auto dataset = open_dataset("image-folder", options);
  CHECK(unlabelled_paths(*dataset) == Paths{"unlabeled/new.jpg", "unlabeled:photos/labelled one.jpg"});
  REQUIRE(dataset->notes().size() == 1);
  CHECK(dataset->notes()[0] ==
        "left out: 2 of the unlabelled pictures, which are test pictures, too: unlabeled/copy of b.jpg, "
        "unlabeled:photos/copy of a.jpg");
}

TEST_CASE("unlabelled pictures join a data set of another kind, too") {
  const TemporaryFolder root;
  add(root / "photos/x.jpg", 1);
  write_file(root / "photos/broken.jpg", std::string("no picture"));
  DatasetOptions options;
  options.unlabeled = {(root / "photos").string()};
  options.extra = {{"train", "20"}, {"test", "5"}};
  const auto dataset = open_dataset("things", options);
  CHECK(dataset->size() == 26);
  CHECK(dataset->label(25) == -1);
  REQUIRE(dataset->damaged().size() == 1);
  CHECK(dataset->damaged()[0].path == "unlabeled:photos/broken.jpg");
  options.unlabeled = {(root / "none").string()};
  CHECK_THROWS_WITH(open_dataset("things", options), Contains("none: expected a folder or a .tar file"));
  std::filesystem::create_directories(root / "empty");
  options.unlabeled = {(root / "empty").string()};
  CHECK_THROWS_WITH(open_dataset("things", options), Contains("expected pictures in it, found none"));
}

TEST_CASE("what a path holds is recognised") {
  const TemporaryFolder root;
  add_labelled(root / "set");
  write_file(root / "c10/data_batch_1.bin", std::string("x"));
  write_file(root / "c100/train.bin", std::string("x")), write_file(root / "c100/test.bin", std::string("x"));
  write_file(root / "c10.tar",
             test::tar_bytes({{"cifar-10-batches-bin/data_batch_1.bin", "x"}, {"cifar-10-batches-bin/readme", ""}}));
  CHECK(dataset_at(root / "set") == "image-folder");
  CHECK(dataset_at(root / "c10") == "cifar10");
  CHECK(dataset_at(root / "c10.tar") == "cifar10");
  CHECK(dataset_at(root / "c100") == "cifar100");
  CHECK_THROWS_WITH(dataset_at(root / "none"), Contains("No such file"));
}
