#include <catch2/catch.hpp>

#include <filesystem>

#include "s4l/core/error.h"
#include "s4l/data/file_tree.h"
#include "s4l/data/picture_walk.h"
#include "s4l/data/tar.h"
#include "s4l/tests/core/faults.h"
#include "s4l/tests/data/pictures.h"
#include "s4l/tests/data/tar_bytes.h"

using namespace s4l;
using namespace s4l::data;
using Catch::Matchers::Contains;
using s4l::test::tar_bytes;
using s4l::test::tar_entry;
using s4l::test::TemporaryFolder;
using s4l::test::write_file;

namespace {

using Names = std::vector<std::string>;

std::string text_of(const FileTree& tree, const std::string& path) {
  const std::vector<std::uint8_t> bytes = tree.read(path, 1 << 20);
  return {bytes.begin(), bytes.end()};
}

std::vector<TarFile> files_of(const std::string& archive) {
  const ReadAt read = [&](std::uint64_t offset, void* to, std::size_t count) {
    REQUIRE(offset + count <= archive.size());
    archive.copy(static_cast<char*>(to), count, offset);
  };
  return tar_files(read, archive.size());
}

std::string refusal(const std::string& archive) {
  return test::message_of([&] { files_of(archive); }, ErrorKind::data);
}

}  // namespace

TEST_CASE("a tar file shows the same tree as the folder that it was made of") {
  const TemporaryFolder root;
  const std::vector<std::pair<std::string, std::string>> files{
      {"b/2.jpg", "two"},   {"b/1.PNG", ""},        {"a.bmp", "a"},   {"b/deep/er/3.jpg", "three"},
      {"b/notes.txt", "n"}, {".hidden/4.jpg", "h"}, {"b/.5.jpg", "h"}};
  for (const auto& [name, content] : files) write_file(root / ("folder/" + name), content);
  write_file(root / "archive.tar", tar_bytes(files));
  const auto folder = open_tree(root / "folder"), archive = open_tree(root / "archive.tar");
  for (const FileTree* tree : {folder.get(), archive.get()}) {
    INFO(tree->root());
    CHECK(folder_names(*tree, "") == Names{"b"});
    CHECK(file_names(*tree, "") == Names{"a.bmp"});
    CHECK(file_names(*tree, "b") == Names{"1.PNG", "2.jpg", "notes.txt"});
    CHECK(folder_names(*tree, "b/") == Names{"deep"});
    CHECK(picture_files(*tree, "") == Names{"a.bmp", "b/1.PNG", "b/2.jpg", "b/deep/er/3.jpg"});
    CHECK(picture_files(*tree, "b") == Names{"1.PNG", "2.jpg", "deep/er/3.jpg"});
    CHECK(text_of(*tree, "b/deep/er/3.jpg") == "three");
    CHECK(text_of(*tree, "b/1.PNG").empty());
    CHECK(tree->stamp("b/2.jpg").bytes == 3);
    CHECK_THROWS_AS(tree->read("b/none.jpg", 10), Error);
    CHECK_THROWS_WITH(tree->read("b/2.jpg", 2), Contains("at most 2 bytes, got 3"));
  }
  CHECK_THROWS_WITH(folder->read("b", 10), Contains("got a folder"));
}

TEST_CASE("pictures of formats that are not read are counted") {
  const TemporaryFolder root;
  for (const char* name : {"a/1.HEIC", "a/2.heic", "b.webp", "c.jpg", "d.txt", "heic", ".e.gif"})
    write_file(root / name, std::string("x"));
  CHECK(unread_pictures(*open_tree(root.path())) == "2 .heic, 1 .webp");
}

TEST_CASE("links are followed, and no folder is entered twice") {
  const TemporaryFolder root, elsewhere;
  write_file(root / "a/1.jpg", std::string("1"));
  write_file(elsewhere / "2.jpg", std::string("2"));
  std::filesystem::create_directory_symlink(elsewhere.path(), root / "a/link");
  std::filesystem::create_directory_symlink(root / "a", root / "a/again");
  std::filesystem::create_symlink(root / "nowhere", root / "a/broken.jpg");
  const auto tree = open_tree(root.path());
  CHECK(picture_files(*tree, "") == Names{"a/1.jpg", "a/broken.jpg", "a/link/2.jpg"});
  CHECK_THROWS_AS(tree->stamp("a/broken.jpg"), Error);
}

TEST_CASE("a place that is no tree is named with what was expected") {
  const TemporaryFolder root;
  write_file(root / "a.tar.gz", std::string("\x1F\x8B"));
  write_file(root / "short.tar", std::string("abc"));
  CHECK_THROWS_WITH(open_tree(root / "none"), Contains((root / "none").string()) && Contains("No such file"));
  CHECK_THROWS_WITH(open_tree(root / "a.tar.gz"), Contains("uncompressed .tar"));
  CHECK_THROWS_WITH(open_tree(root / "short.tar"), Contains("short.tar: tar: expected an archive, got 3 bytes"));
}

TEST_CASE("reading goes through the fault hook") {
  const TemporaryFolder root;
  write_file(root / "1.jpg", std::string("1"));
  const auto tree = open_tree(root.path());
  io::set_fault_hook([](io::Call call, const std::string&) { return call == io::Call::read ? EIO : 0; });
  const std::string message = test::message_of([&] { tree->read("1.jpg", 10); });
  io::set_fault_hook({});
  CHECK_THAT(message, Contains("1.jpg: read failed: Input/output error"));
  CHECK(text_of(*tree, "1.jpg") == "1");
}

TEST_CASE("the folder that an archive was made of is left out of the paths, a part of a data set is not") {
  const TemporaryFolder root;
  write_file(root / "a.tar", tar_bytes({{"./photos/cat/1.jpg", "1"}, {"./photos/dog/2.jpg", "2"}}));
  write_file(root / "b.tar", tar_bytes({{"train/cat/1.jpg", "1"}, {"train/dog/2.jpg", "2"}}));
  CHECK(folder_names(*open_tree(root / "a.tar"), "") == Names{"cat", "dog"});
  CHECK(folder_names(*open_tree(root / "b.tar"), "") == Names{"train"});
}

TEST_CASE("tar headers of every kind are understood") {
  const std::string far(180, 'd'), name = far + "/1.jpg", pax = "path=" + name + "\n";
  const std::string record = std::to_string(pax.size() + 4) + " " + pax;
  for (const std::string& archive :
       {tar_entry("././@LongLink", name + '\0', 'L') + tar_entry("cut", "x") + std::string(1024, '\0'),
        tar_entry("pax", record, 'x') + tar_entry("cut", "x") + std::string(1024, '\0')}) {
    const std::vector<TarFile> files = files_of(archive);
    REQUIRE(files.size() == 1);
    CHECK(files[0].path == name);
    CHECK(archive.substr(files[0].offset, files[0].bytes) == "x");
  }
  const std::string mixed = tar_entry("folder/", "", '5') + tar_entry("link", "", '2') + tar_entry("global", "", 'g') +
                            tar_entry("old", "o", '\0') + tar_entry("a", "first") + tar_entry("./a", "second");
  const std::vector<TarFile> files = files_of(mixed);  // without the two blocks of zeros at the end, too
  REQUIRE(files.size() == 2);
  CHECK(files[0].path == "old");
  CHECK(mixed.substr(files[1].offset, files[1].bytes) == "second");
}

TEST_CASE("a damaged tar file is refused with the place") {
  const std::string good = tar_bytes({{"1.jpg", std::string(600, 'x')}, {"2.jpg", "y"}});
  CHECK(files_of(good).size() == 2);
  CHECK_THAT(refusal(good.substr(0, 700)), Contains("\"1.jpg\" at byte 0 reaches beyond the end"));
  CHECK_THAT(refusal(""), Contains("got 0 bytes"));
  std::string wrong = good;
  wrong[1536 + 3] ^= 1;
  CHECK_THAT(refusal(wrong), Contains("wrong checksum of the header at byte 1536"));
  CHECK_THAT(refusal(tar_entry("x", "99 path=a\n", 'x')), Contains("damaged pax header"));
  CHECK_THAT(refusal(tar_entry("x", "12 size=-1\n", 'x') + tar_entry("a", "")), Contains("damaged pax header"));
  CHECK_THAT(refusal(tar_entry("x", std::string(70000, 'n'), 'L')), Contains("a name of at most 65536 bytes"));
  CHECK_THAT(refusal(tar_entry("x", "32 size=18446744073709551614\n", 'x').replace(512, 2, "29") + tar_entry("a", "")),
             Contains("reaches beyond the end"));
}

TEST_CASE("a tar file cut anywhere is refused or gives the files before the cut") {
  const std::string good = tar_bytes({{"1.jpg", std::string(600, 'x')}, {"2.jpg", "y"}});
  for (std::size_t length = 0; length < good.size(); length += 7) {
    try {
      const std::size_t files = files_of(good.substr(0, length)).size();
      CHECK(files == (length < 2048 ? 1 : 2));  // a header cut short ends the archive as its end does
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::data);
    }
  }
}
