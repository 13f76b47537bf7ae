#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>
#include <set>

#include "s4l/core/error.h"
#include "s4l/data/dataset.h"
#include "s4l/data/write_png.h"
#include "s4l/tests/data/pictures.h"

using namespace s4l;
using namespace s4l::data;
using Catch::Matchers::Contains;
using s4l::test::TemporaryFolder;
using s4l::test::test_picture;
using s4l::test::write_file;

namespace {

namespace fs = std::filesystem;

void add_jpeg(const fs::path& path, std::uint64_t seed = 1) {
  write_file(path, test::write_jpeg(test_picture(8, 10, seed)));
}

/// root/<class>/0.jpg ... for the classes cat and dog.
void add_two_classes(const fs::path& root, int each) {
  for (const char* name : {"dog", "cat"})
    for (int i = 0; i < each; ++i) add_jpeg(root / name / (std::to_string(i) + ".jpg"), static_cast<std::uint64_t>(i));
}

std::unique_ptr<Dataset> open(const fs::path& root, bool strict = false) {
  DatasetOptions options;
  options.root = root.string();
  options.strict = strict;
  return open_dataset("image-folder", options);
}

std::vector<std::string> paths(const Dataset& dataset, Part part) {
  std::vector<std::string> all;
  for (std::int64_t i = 0; i < dataset.size(); ++i)
    if (dataset.part(i) == part) all.push_back(dataset.path(i));
  return all;
}

using Paths = std::vector<std::string>;

/// The one line with which opening is refused.
std::string refusal(const fs::path& root, bool strict = false) {
  try {
    open(root, strict);
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find('\n') == std::string::npos);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("train and test folders say what is what, in sorted order") {
  const TemporaryFolder root;
  add_jpeg(root / "train/dog/b.JPG"), add_jpeg(root / "train/dog/a.jpeg"), add_jpeg(root / "train/cat/deep/1.jpg");
  write_file(root / "test/dog/t.Png", std::vector<std::uint8_t>{});
  write_png((root / "test/dog/t.Png").string(), test_picture(5, 6));
  add_jpeg(root / "val/dog/ignored.jpg");
  write_file(root / "train/dog/notes.txt", std::string("not a picture"));
  add_jpeg(root / "train/dog/.hidden.jpg"), add_jpeg(root / "train/.cache/x.jpg");
  const auto dataset = open(root.path());
  CHECK(dataset->class_names() == Paths{"cat", "dog"});
  CHECK(paths(*dataset, Part::train) == Paths{"train/cat/deep/1.jpg", "train/dog/a.jpeg", "train/dog/b.JPG"});
  CHECK(paths(*dataset, Part::test) == Paths{"test/dog/t.Png"});
  CHECK(dataset->label(0) == 0);
  CHECK(dataset->label(3) == 1);
  CHECK(dataset->image_size(3) == Size{5, 6});
  CHECK(dataset->whole_image(3).pixels == test_picture(5, 6).pixels);
  CHECK(dataset->image(3, {1, 2, 3, 4}).at(0, 0)[1] == test_picture(5, 6).at(1, 2)[1]);
  CHECK_THROWS_AS(dataset->image(3, {1, 2, 5, 4}), Error);
  CHECK(dataset->damaged().empty());
}

TEST_CASE("val is the test folder where there is no test") {
  const TemporaryFolder root;
  add_two_classes(root / "train", 2);
  add_jpeg(root / "val/dog/1.jpg");
  CHECK(paths(*open(root.path()), Part::test) == Paths{"val/dog/1.jpg"});
}

TEST_CASE("without a test folder a fifth of each class is carved, the same each time") {
  const TemporaryFolder root;
  add_two_classes(root.path(), 10);
  const auto dataset = open(root.path());
  const Paths test = paths(*dataset, Part::test);
  CHECK(test.size() == 4);
  CHECK(std::count_if(test.begin(), test.end(), [](const std::string& path) { return path[0] == 'c'; }) == 2);
  CHECK(paths(*open(root.path()), Part::test) == test);
  CHECK(test == Paths{"cat/1.jpg", "cat/7.jpg", "dog/5.jpg", "dog/9.jpg"});
}

TEST_CASE("symbolic links are followed without loops") {
  const TemporaryFolder root, elsewhere;
  add_two_classes(root.path(), 1);
  add_jpeg(elsewhere / "linked.jpg");
  fs::create_directory_symlink(elsewhere.path(), root / "cat/link");
  fs::create_directory_symlink(root / "cat", root / "cat/again");
  const auto dataset = open(root.path());
  CHECK(dataset->size() == 3);
  CHECK(dataset->path(1) == "cat/link/linked.jpg");
}

TEST_CASE("damaged pictures are left out, counted and named") {
  const TemporaryFolder root;
  add_two_classes(root.path(), 150);
  auto bytes = test::write_jpeg(test_picture(8, 8));
  bytes.resize(bytes.size() - 20);
  write_file(root / "cat/short.jpg", bytes);
  write_file(root / "dog/empty.png", std::string());
  fs::create_directories(root / "dog/folder.jpg");
  const auto dataset = open(root.path());
  CHECK(dataset->size() == 300);
  REQUIRE(dataset->damaged().size() == 3);
  CHECK(dataset->damaged()[0].path == "cat/short.jpg");
  CHECK_THAT(dataset->damaged()[0].reason, Contains("truncated"));
  CHECK_THAT(dataset->damaged()[1].reason, Contains("empty"));
  CHECK_THAT(dataset->damaged()[2].reason, Contains("folder"));
  CHECK_THAT(refusal(root.path(), true), Contains("cat/short.jpg: JPEG: the file is truncated"));
  write_file(root / "dog/wrong.jpg", std::string("GIF89a..."));
  CHECK_THAT(refusal(root.path()),
             Contains("4 of 304 pictures are damaged, expected at most 1 % (--max-damaged): cat/short.jpg: ") &&
                 Contains("dog/folder.jpg: ") && Contains("; ..."));
}

TEST_CASE("damage inside a picture is found while opening, and one damaged picture does not stop a small run") {
  const TemporaryFolder root;
  add_two_classes(root.path(), 2);
  auto bytes = test::write_jpeg(test_picture(32, 32), {.restart = 1});
  const std::uint8_t marker[] = {0xFF, 0xD1};
  const auto at = std::search(bytes.begin(), bytes.end(), std::begin(marker), std::end(marker));
  REQUIRE(at != bytes.end());
  at[1] = 0xD5;  // a restart marker out of its order
  write_file(root / "cat/inside.jpg", bytes);
  const auto dataset = open(root.path());
  CHECK(dataset->size() == 4);
  REQUIRE(dataset->damaged().size() == 1);
  CHECK_THAT(dataset->damaged()[0].reason, Contains("Corrupt JPEG data"));
}

TEST_CASE("a folder that cannot be learned from is named in one line") {
  const TemporaryFolder root;
  CHECK_THAT(refusal(root / "missing"), Contains((root / "missing").string()) && Contains("No such file"));
  CHECK_THAT(refusal(""), Contains("got no path"));
  CHECK_THAT(refusal(root.path()), Contains(root.path().string() + ": expected one folder of pictures per class"));
  add_jpeg(root / "loose.jpg");
  CHECK_THAT(refusal(root / "loose.jpg"), Contains("expected a folder or an uncompressed .tar file"));
  CHECK_THAT(refusal(root.path()), Contains("pictures outside of any"));
  add_jpeg(root / "cat/1.jpg");
  CHECK_THAT(refusal(root.path()), Contains("at least 2 classes, found 1 (\"cat\")"));
  fs::create_directories(root / "dog");
  CHECK_THAT(refusal(root.path()),
             Contains("expected training pictures of every class") && Contains("found none of \"dog\""));
}

TEST_CASE("mixed-up parts are refused") {
  const TemporaryFolder root;
  add_jpeg(root / "train/1.jpg"), add_jpeg(root / "test/2.jpg");
  CHECK_THAT(refusal(root.path()), Contains((root / "train").string() + ": expected one folder of pictures per class"));
  const TemporaryFolder other;
  add_two_classes(other / "train", 1);
  add_jpeg(other / "test/zebra/1.jpg");
  CHECK_THAT(refusal(other.path()), Contains("expected a class that train/ has too, got \"zebra\""));
}

TEST_CASE("an unreadable folder is named with the reason") {
  if (geteuid() == 0) return;  // root reads everything
  const TemporaryFolder root;
  add_two_classes(root.path(), 1);
  fs::permissions(root / "cat", fs::perms::none);
  CHECK_THAT(refusal(root.path()), Contains((root / "cat").string()) && Contains("Permission denied"));
  fs::permissions(root / "cat", fs::perms::owner_all);
}

TEST_CASE("options that a folder does not have are refused") {
  DatasetOptions options;
  options.extra["train"] = "500";
  CHECK_THROWS_WITH(open_dataset("image-folder", options), Contains("got \"train\""));
}
