#include <catch2/catch.hpp>

#include <map>

#include "s4l/core/error.h"
#include "s4l/data/npy.h"
#include "s4l/data/split_formats.h"
#include "s4l/tests/data/memory_dataset.h"

using namespace s4l;
using namespace s4l::data;
using s4l::test::MemoryDataset;

namespace {

/// Two classes of 20 training pictures with one test picture before each: places are not indices.
MemoryDataset uneven_places() {
  MemoryDataset dataset(2, {0}, 0);
  for (int i = 0; i < 20; ++i)
    for (int c = 0; c < 2; ++c) {
      dataset.add(c, Part::test);
      dataset.add(c, Part::train);
    }
  return dataset;
}

SplitOptions eight_labels() {
  SplitOptions options;
  options.budget.total = 8;
  return options;
}

std::string file_of(const Dataset& dataset, const Split& split, const char* format, std::size_t number = 0) {
  return split_files(dataset, split, split_format_from(format), 3).at(number).content;
}

}  // namespace

TEST_CASE("a split comes back from every format it is written in") {
  const MemoryDataset dataset = uneven_places();
  const Split split = make_split(dataset, eight_labels());
  for (const char* format : {"csv", "s4l", "fixmatch", "usb"}) {
    INFO(format);
    const Split read = read_split(dataset, file_of(dataset, split, format), eight_labels());
    CHECK(read.labelled == split.labelled);
    CHECK(read.unlabelled == split.unlabelled);
    CHECK(read.val.empty());
    CHECK(read.test == split.test);
  }
}

TEST_CASE("split files are those of the programs they are named after") {
  const MemoryDataset dataset = uneven_places();
  const Split split{{1, 3, 5}, {1, 3, 5, 7}, {}, {0}};
  CHECK(file_of(dataset, split, "s4l") == R"({"values":["1.png","3.png","5.png"]})");
  CHECK(read_split(dataset, "{\n  \"distribution\": [1.0, 1.0],\n  \"label\": [0, 1, 2]\n}", {}).labelled ==
        std::vector<std::int64_t>{1, 3, 5});
  const std::string usb = file_of(dataset, split, "usb");
  CHECK(usb.size() == 128 + 3 * 8);  // what numpy.save writes
  CHECK(usb.substr(0, 8) == std::string("\x93NUMPY\x01\x00", 8));
  CHECK(usb.substr(10, 57) == "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }");
  CHECK(usb[127] == '\n');
  CHECK(read_npy(usb) == std::vector<std::int64_t>{0, 1, 2});
  CHECK(read_npy(file_of(dataset, split, "usb", 1)) == std::vector<std::int64_t>{3});
  const auto name = [&](const char* format) {
    return split_files(dataset, split, split_format_from(format), 3)[0].name;
  };
  CHECK(name("s4l") == "label_map_count_3_index_3");
  CHECK(name("fixmatch") == "dataset.3@3-label.json");
  CHECK(name("usb") == "lb_labels3_1_seed3_idx.npy");
}

TEST_CASE("a list of paths says which pictures are labelled, and validation is carved from them") {
  const MemoryDataset dataset = uneven_places();
  CHECK(read_split(dataset, "pictures/3.png\n\n1.png\r\n", {}).labelled == std::vector<std::int64_t>{1, 3});
  std::string all;
  for (std::int64_t i = 0; i < dataset.size(); ++i)
    if (dataset.part(i) == Part::train) all += dataset.path(i) + "\n";
  SplitOptions options;
  const Split split = read_split(dataset, all, options);
  CHECK(split.labelled.size() == 32);
  CHECK(split.val.size() == 8);
  CHECK(read_split(dataset, all, options).val == split.val);
  options.val_fraction = 0;
  CHECK(read_split(dataset, all, options).labelled.size() == 40);
}

TEST_CASE("a file name that several pictures have is not guessed") {
  MemoryDataset dataset(2, {3}, 0);
  dataset.items[1].path = "elsewhere/0.png";
  CHECK_THROWS_WITH(read_split(dataset, "0.png\n", {}), Catch::Contains("which several have"));
  CHECK(read_split(dataset, "elsewhere/0.png\n3.png", {}).labelled == std::vector<std::int64_t>{1, 3});
  CHECK(file_of(dataset, {{1, 3}, {0, 1, 2, 3}, {}, {}}, "s4l") == R"({"values":["elsewhere/0.png","3.png"]})");
}

TEST_CASE("an error in a split file says what was expected") {
  const MemoryDataset dataset = uneven_places();
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"", "none of \"class0\""},
      {"missing.png\n", "got \"missing.png\""},
      {"pictures/0.png\n", "got \"pictures/0.png\""},  // a test picture
      {"1.png\n3.png\n1.png\n", "\"pictures/1.png\" again"},
      {"1.png\n5.png\n", "none of \"class1\""},
      {"1.png,0\n", "line 1: expected one path"},
      {"{\"value\": []}", "expected \"values\""},
      {"{\"label\": [0, 40]}", "0 to 39, got 40"},
      {"{\"label\": [-1]}", "got -1"},
      {"{\"label\": [0.5]}", "integer"},
      {"{\"values\": [7]}", "string"},
      {"{\"values\"", "JSON"},
      {"\x93NUMPY", "version 1"},
      {npy({0, 1}).substr(0, 100), "ends inside its header"},
      {npy({0, 1}).substr(0, 140), "another shape"},
      {npy({0, 99}), "got 99"}};
  for (const auto& [content, message] : wrong)
    CHECK_THROWS_WITH(read_split(dataset, content, {}), Catch::Contains(message, Catch::CaseSensitive::No));
  CHECK_THROWS_WITH(split_format_from("json"), Catch::Contains("csv, s4l, fixmatch or usb"));
}

TEST_CASE("a balanced sampler shows every class as often as the largest") {
  DatasetOptions options;
  options.extra = {{"train", "100"}, {"test", "10"}};
  const auto things = open_dataset("things", options);
  std::vector<std::int64_t> uneven;
  for (std::int64_t i = 0; i < 100; ++i)
    if (things->label(i) == 3 || i < 40) uneven.push_back(i);  // 10 of class 3, 4 of each other
  const std::vector<std::int64_t> even = balanced(*things, uneven, 1);
  std::map<std::int64_t, std::int64_t> of_class, of_picture;
  for (const std::int64_t index : even) ++of_class[things->label(index)], ++of_picture[index];
  CHECK(even.size() == 100);
  for (const auto& [label, count] : of_class) CHECK(count == 10);
  for (const auto& [index, count] : of_picture)
    CHECK((things->label(index) == 3 ? count == 1 : count == 2 || count == 3));
  CHECK(of_picture.size() == uneven.size());
  CHECK(balanced(*things, uneven, 1) == even);
  CHECK(balanced(*things, uneven, 2) != even);
}
