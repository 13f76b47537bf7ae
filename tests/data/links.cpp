// A picture that links reach by several ways takes part once: neither in two classes nor in train and test.
#include <catch2/catch.hpp>

#include "s4l/core/error.h"
#include "s4l/data/dataset.h"
#include "s4l/data/file_tree.h"
#include "s4l/data/picture_walk.h"
#include "s4l/tests/data/pictures.h"

using namespace s4l;
using namespace s4l::data;
using Catch::Matchers::Contains;
using s4l::test::TemporaryFolder;

namespace {

namespace fs = std::filesystem;
using Paths = std::vector<std::string>;

std::uint64_t pictures_made = 0;

void add_jpeg(const fs::path& path) {
  test::write_file(path, test::write_jpeg(test::test_picture(8, 10, ++pictures_made)));
}

/// `link` leads to `target`, which is relative to the link's folder or a whole path.
void add_link(const fs::path& link, const fs::path& target) {
  fs::create_directories(link.parent_path());
  fs::create_symlink(target, link);
}

std::unique_ptr<Dataset> open(const fs::path& root, const Paths& unlabelled = {}) {
  DatasetOptions options;
  options.root = root.string();
  options.unlabeled = unlabelled;
  return open_dataset("image-folder", options);
}

/// "cat/1.jpg" of a training picture with a label, "cat/1.jpg?" of one without, "cat/1.jpg!" of a test picture.
Paths pictures(const Dataset& dataset) {
  Paths all;
  for (std::int64_t i = 0; i < dataset.size(); ++i)
    all.push_back(dataset.path(i) + (dataset.part(i) == Part::test ? "!" : dataset.label(i) < 0 ? "?" : ""));
  return all;
}

/// The same where carving has made some of them test pictures.
Paths paths(const Dataset& dataset) {
  Paths all;
  for (std::int64_t i = 0; i < dataset.size(); ++i) all.push_back(dataset.path(i));
  return all;
}

}  // namespace

TEST_CASE("a link to another class's folder is left out and named, whichever name comes first") {
  for (const auto& [links, owner] : {std::pair{"cat", "dog"}, std::pair{"dog", "cat"}}) {
    const TemporaryFolder root;
    for (const char* name : {"cat/1.jpg", "cat/2.jpg", "dog/1.jpg", "dog/2.jpg"}) add_jpeg(root / name);
    add_link(root / links / "friends", fs::path("..") / owner);
    const auto dataset = open(root.path());
    CHECK(paths(*dataset) == Paths{"cat/1.jpg", "cat/2.jpg", "dog/1.jpg", "dog/2.jpg"});
    REQUIRE(dataset->notes().size() == 1);
    CHECK_THAT(dataset->notes()[0],
               Contains("left out 1 link to what is read already: ") && Contains(std::string(links) + "/friends"));
  }
}

TEST_CASE("a class that is a link to another class is none") {
  const TemporaryFolder root;
  for (const char* name : {"cat/1.jpg", "dog/1.jpg"}) add_jpeg(root / name);
  add_link(root / "animal", "cat");
  const auto dataset = open(root.path());
  CHECK(dataset->class_names() == Paths{"cat", "dog"});
  CHECK(paths(*dataset) == Paths{"cat/1.jpg", "dog/1.jpg"});
  REQUIRE(dataset->notes().size() == 1);
  CHECK_THAT(dataset->notes()[0], Contains("animal"));
}

TEST_CASE("no folder is in train and test, nor with and without a label") {
  const TemporaryFolder root;
  for (const char* name : {"train/cat/1.jpg", "train/dog/1.jpg", "test/cat/2.jpg", "test/dog/deep/2.jpg"})
    add_jpeg(root / name);
  add_link(root / "train/cat/more", "../../test/cat");
  add_link(root / "train/dog/more", "../../test/dog/deep");
  add_link(root / "unlabeled", "train");
  const auto dataset = open(root.path());
  CHECK(pictures(*dataset) == Paths{"train/cat/1.jpg", "train/dog/1.jpg", "test/cat/2.jpg!", "test/dog/deep/2.jpg!"});
  REQUIRE(dataset->notes().size() == 1);
  CHECK_THAT(dataset->notes()[0], Contains("left out 3 links") && Contains("unlabeled"));
}

TEST_CASE("links to the root, to what holds it, and in a circle end") {
  const TemporaryFolder place;
  const fs::path root = place / "set";
  for (const char* name : {"cat/1.jpg", "cat/deep/2.jpg", "dog/1.jpg"}) add_jpeg(root / name);
  add_jpeg(place / "beside/3.jpg");
  add_link(root / "cat/all", "..");
  add_link(root / "cat/deep/up", "..");
  add_link(root / "dog/place", place.path());
  CHECK(paths(*open(root)) == Paths{"cat/1.jpg", "cat/deep/2.jpg", "dog/1.jpg", "dog/place/beside/3.jpg"});
}

TEST_CASE("of several links to one folder outside the one nearest to the root counts") {
  const TemporaryFolder root, elsewhere;
  add_jpeg(elsewhere / "dogs/1.jpg"), add_jpeg(root / "cat/2.jpg");
  add_link(root / "cat/friends", elsewhere / "dogs");
  add_link(root / "dog", elsewhere / "dogs");
  const auto dataset = open(root.path());
  CHECK(paths(*dataset) == Paths{"cat/2.jpg", "dog/1.jpg"});
  CHECK(dataset->notes().size() == 1);
}

TEST_CASE("a data set whose parts are links is read, and the note is missing") {
  const TemporaryFolder root, elsewhere;
  for (const char* name : {"a/cat/1.jpg", "a/dog/1.jpg", "b/cat/2.jpg", "c/3.jpg"}) add_jpeg(elsewhere / name);
  add_link(root / "train", elsewhere / "a");
  add_link(root / "test", elsewhere / "b");
  add_link(root / "unlabeled", elsewhere / "c");
  const auto dataset = open(root.path());
  CHECK(pictures(*dataset) == Paths{"train/cat/1.jpg", "train/dog/1.jpg", "test/cat/2.jpg!", "unlabeled/3.jpg?"});
  CHECK(dataset->notes().empty());
  fs::remove(root / "train");
  add_link(root / "train", elsewhere / "b");
  CHECK_THROWS_WITH(open(root.path()), Contains("train: expected pictures of its own, found links to what is read "
                                                "elsewhere: train/cat"));
}

TEST_CASE("a linked file that is another picture of the data set is left out, one that is none is read") {
  const TemporaryFolder root, elsewhere;
  for (const char* name : {"cat/5.jpg", "dog/5.jpg"}) add_jpeg(root / name);
  add_jpeg(elsewhere / "1.jpg"), add_jpeg(elsewhere / "2.jpg");
  add_link(root / "cat/1.jpg", "../dog/5.jpg");
  add_link(root / "cat/2.jpg", elsewhere / "1.jpg");
  add_link(root / "dog/3.jpg", elsewhere / "1.jpg");
  add_link(root / "dog/4.jpg", elsewhere / "2.jpg");
  add_link(root / "dog/6.jpg", elsewhere / "none.jpg");
  const auto dataset = open(root.path());
  CHECK(paths(*dataset) == Paths{"cat/2.jpg", "cat/5.jpg", "dog/4.jpg", "dog/5.jpg"});
  REQUIRE(dataset->notes().size() == 1);
  CHECK_THAT(dataset->notes()[0], Contains("left out 2 links") && Contains("cat/1.jpg, dog/3.jpg"));
  REQUIRE(dataset->damaged().size() == 1);
  CHECK(dataset->damaged()[0].path.ends_with("dog/6.jpg"));
}

TEST_CASE("a linked file in train and test is a test picture") {
  const TemporaryFolder root, elsewhere;
  for (const char* name : {"1.jpg", "2.jpg", "3.jpg"}) add_jpeg(elsewhere / name);
  add_link(root / "train/cat/1.jpg", elsewhere / "1.jpg");
  add_link(root / "train/dog/2.jpg", elsewhere / "2.jpg");
  add_link(root / "train/dog/3.jpg", elsewhere / "3.jpg");
  add_link(root / "test/dog/3.jpg", elsewhere / "3.jpg");
  const auto dataset = open(root.path());
  CHECK(pictures(*dataset) == Paths{"train/cat/1.jpg", "train/dog/2.jpg", "test/dog/3.jpg!"});
  CHECK_THAT(dataset->notes().at(0), Contains("train/dog/3.jpg"));
}

TEST_CASE("a folder of pictures without labels is read once, too") {
  const TemporaryFolder root, photos;
  for (const char* name : {"cat/1.jpg", "dog/1.jpg"}) add_jpeg(root / name);
  add_jpeg(photos / "b/1.jpg");
  add_link(photos / "a", "b");
  const auto dataset = open(root.path(), {photos.path().string()});
  CHECK(dataset->size() == 3);
  CHECK(dataset->path(2).ends_with("/b/1.jpg"));
  CHECK(dataset->notes().size() == 1);
  CHECK(picture_files(*open_tree(photos.path()), "") == Paths{"b/1.jpg"});
}
