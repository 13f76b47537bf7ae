#include <catch2/catch.hpp>

#include "s4l/core/error.h"
#include "s4l/data/dataset.h"
#include "s4l/data/recognise.h"
#include "s4l/tests/core/faults.h"
#include "s4l/tests/data/pictures.h"
#include "s4l/tests/data/tar_bytes.h"

using namespace s4l;
using namespace s4l::data;
using Catch::Matchers::Contains;
using s4l::test::TemporaryFolder;
using s4l::test::write_file;

namespace {

std::vector<std::uint8_t> jpeg(std::uint64_t seed) { return test::write_jpeg(test::test_picture(8, 8, seed)); }

std::unique_ptr<Dataset> open(const std::filesystem::path& path, const std::map<std::string, std::string>& extra = {}) {
  DatasetOptions options;
  options.root = path.string();
  options.extra = extra;
  return open_dataset("manifest", options);
}

/// "path label part" of every picture; part is + for train and ? for test.
std::vector<std::string> rows(const Dataset& dataset) {
  std::vector<std::string> all;
  for (std::int64_t i = 0; i < dataset.size(); ++i)
    all.push_back(dataset.path(i) + " " + std::to_string(dataset.label(i)) +
                  (dataset.part(i) == Part::train ? " +" : " ?"));
  return all;
}

using Rows = std::vector<std::string>;

void add_pictures(const TemporaryFolder& root, int count) {
  for (int i = 0; i < count; ++i)
    write_file(root / ("p/" + std::to_string(i) + ".jpg"), jpeg(static_cast<std::uint64_t>(i)));
}

std::string refusal(const TemporaryFolder& root, const std::string& table) {
  write_file(root / "refused.csv", table);
  return test::message_of([&] { open(root / "refused.csv"); }, ErrorKind::data);
}

}  // namespace

TEST_CASE("a table says path, label and split") {
  const TemporaryFolder root;
  add_pictures(root, 6);
  write_file(root / "table.csv", std::string("\xEF\xBB\xBFsplit,label,path,remark\r\n"
                                             "train,dog,p/0.jpg,\r\n,cat,p/1.jpg,x\r\ntest,dog,p/2.jpg,\r\n"
                                             "unlabeled,cat,p/3.jpg,\r\ntrain,,p/4.jpg,\r\nval,cat,p/5.jpg,\r\n"));
  const auto dataset = open(root / "table.csv");
  CHECK(dataset->class_names() == Rows{"cat", "dog"});
  CHECK(rows(*dataset) == Rows{"p/0.jpg 1 +", "p/1.jpg 0 +", "p/2.jpg 1 ?", "p/3.jpg -1 +", "p/4.jpg -1 +"});
  CHECK_THAT(dataset->notes().at(0), Contains("val is not used"));
  CHECK(dataset_at(root / "table.csv") == "manifest");
}

TEST_CASE("without test rows val is the test, and without either a fifth of each class is carved") {
  const TemporaryFolder root;
  add_pictures(root, 20);
  std::string table = "file,class\n", parts = "path,label,split\n";
  for (int i = 0; i < 20; ++i) {
    const std::string row = "p/" + std::to_string(i) + ".jpg," + (i % 2 == 0 ? "even" : "odd");
    table += row + "\n";
    parts += row + (i < 3 ? ",val\n" : ",train\n");
  }
  write_file(root / "a.csv", table);
  write_file(root / "b.csv", parts);
  const auto tests = [](const Dataset& dataset) {
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < dataset.size(); ++i) count += dataset.part(i) == Part::test;
    return count;
  };
  CHECK(tests(*open(root / "a.csv")) == 4);
  CHECK(tests(*open(root / "b.csv")) == 3);
}

TEST_CASE("a table and its pictures may lie in one archive") {
  const TemporaryFolder root;
  std::vector<std::pair<std::string, std::string>> files{{"set/labels.csv", "path,label,split\n"}};
  for (int i = 0; i < 4; ++i) {
    const std::vector<std::uint8_t> bytes = jpeg(static_cast<std::uint64_t>(i));
    files.emplace_back("set/" + std::to_string(i) + ".jpg", std::string(bytes.begin(), bytes.end()));
    files[0].second += std::to_string(i) + ".jpg," + (i % 2 == 0 ? "a" : "b") + (i < 2 ? ",train\n" : ",test\n");
  }
  write_file(root / "set.tar", test::tar_bytes(files));
  CHECK(dataset_at(root / "set.tar") == "manifest");
  const auto dataset = open(root / "set.tar");
  CHECK(rows(*dataset) == Rows{"0.jpg 0 +", "1.jpg 1 +", "2.jpg 0 ?", "3.jpg 1 ?"});
  CHECK(dataset->whole_image(2).pixels == test::libjpeg_decode(jpeg(2)).pixels);
}

TEST_CASE("a folder that holds a table and folders is what the table's header says") {
  const TemporaryFolder root;
  add_pictures(root, 4);
  write_file(root / "table.csv", "\xEF\xBB\xBFpath,label\np/0.jpg,a\np/1.jpg,b\np/2.jpg,a\np/3.jpg,b\n");
  CHECK(dataset_at(root.path()) == "manifest");
  CHECK(open(root.path())->size() == 4);
  for (const char* header : {"path,label,role\n", "path,class,confidence\n", "name,age\n", "\"path,label\n", ""}) {
    INFO(header);
    write_file(root / "table.csv", header);
    CHECK(dataset_at(root.path()) == "image-folder");
  }
}

TEST_CASE("rows whose file or label is wrong are damaged pictures with their line") {
  const TemporaryFolder root;
  add_pictures(root, 200);
  std::string table = "path,label\n";
  for (int i = 0; i < 200; ++i) table += "p/" + std::to_string(i) + ".jpg," + std::to_string(i % 2) + "\n";
  write_file(root / "table.csv", table + "p/none.jpg,1\np/0.JPG,2\n");
  const auto dataset = open(root / "table.csv", {{"classes", "2"}});
  CHECK(dataset->size() == 200);
  REQUIRE(dataset->damaged().size() == 2);
  CHECK(dataset->damaged()[0].path == "p/none.jpg");
  CHECK_THAT(dataset->damaged()[0].reason, Contains("line 202: ") && Contains("No such file"));
  CHECK_THAT(dataset->damaged()[1].reason, Contains("line 203: expected one of the 2 labels") && Contains("got \"2\""));
}

TEST_CASE("a table that cannot be learned from is refused with its line") {
  const TemporaryFolder root;
  add_pictures(root, 2);
  const std::string head = "path,label,split\n", two = "p/0.jpg,a,train\np/1.jpg,b,train\n";
  CHECK_THAT(refusal(root, "p/0.jpg,a\n"), Contains("line 1: expected a header with the columns path, label"));
  CHECK_THAT(refusal(root, head), Contains("found none"));
  CHECK_THAT(refusal(root, head + two + "p/0.jpg,b,train\n"), Contains("line 4: expected each picture once"));
  CHECK_THAT(refusal(root, head + "p/0.jpg,a,trian\n"),
             Contains("line 2: expected the split train, val") && Contains("trian"));
  CHECK_THAT(refusal(root, head + "p/0.jpg,a,train\n"), Contains("at least 2 classes, found 1"));
  CHECK_THAT(refusal(root, head + two + "\"p"), Contains("line 4: expected a closing quote"));
  write_file(root / "second.csv", head);
  CHECK_THROWS_WITH(open(root.path()), Contains("expected one .csv file in it, found"));
  CHECK_THROWS_WITH(open(root / "refused.csv", {{"classes", "1"}}), Contains("expected a number of at least 2"));
}
