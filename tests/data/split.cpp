#include "s4l/data/split.h"
#include "s4l/data/split_rows.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "s4l/tests/data/memory_dataset.h"

using namespace s4l;
using namespace s4l::data;
using s4l::test::MemoryDataset;

namespace {

SplitOptions with_labels(const std::string& text, std::uint64_t seed = 0) {
  SplitOptions options;
  options.budget = label_budget_from(text);
  options.seed = seed;
  return options;
}

SplitOptions with_per_class(std::int64_t labels) {
  SplitOptions options;
  options.budget.per_class = labels;
  return options;
}

std::map<std::int64_t, std::int64_t> count_classes(const Dataset& dataset, const std::vector<std::int64_t>& indices) {
  std::map<std::int64_t, std::int64_t> counts;
  for (const std::int64_t i : indices) ++counts[dataset.label(i)];
  return counts;
}

bool ascending(const std::vector<std::int64_t>& x) {
  return std::adjacent_find(x.begin(), x.end(), std::greater_equal<>()) == x.end();
}

ErrorKind kind_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    CHECK(std::string(error.what()).find('\n') == std::string::npos);
    return error.kind();
  }
  FAIL("expected an error");
  return ErrorKind::io;
}

}  // namespace

TEST_CASE("a label budget is a percentage or a number, and anything else shows what is accepted") {
  CHECK(label_budget_from("10").percent == 10);
  CHECK(label_budget_from("0.5%").percent == 0.5);
  CHECK(label_budget_from("100%").percent == 100);
  CHECK(label_budget_from("40n").total == 40);
  CHECK(label_budget_from("40n").percent == -1);
  for (const char* text :
       {"", "n", "%", "ten", "0", "-3", "101", "1.5n", "0n", "10 %", "nan", "10%%", "99999999999999999999n"})
    CHECK_THROWS_WITH(label_budget_from(text), Catch::Contains("\"10%\"") && Catch::Contains("\"40n\"") &&
                                                   Catch::Contains('"' + std::string(text) + '"'));
}

TEST_CASE("10 % of 1,280 pictures in ten classes is 128 labels, 12 or 13 of each class") {
  const MemoryDataset dataset(10, {128}, 2);
  SplitOptions options = with_labels("10");
  options.val_fraction = 0;
  const Split split = make_split(dataset, options);
  CHECK(split.labelled.size() == 128);
  std::set<std::int64_t> counts;
  for (const auto& [label, count] : count_classes(dataset, split.labelled)) counts.insert(count);
  CHECK(counts == std::set<std::int64_t>{12, 13});
  CHECK(split.val.empty());
  CHECK(split.unlabelled.size() == 1280);
  CHECK(split.test.size() == 20);
}

TEST_CASE("validation is carved from the labels of each class and leaves the unlabelled stream") {
  const MemoryDataset dataset(10, {128}, 2);
  const Split split = make_split(dataset, with_labels("10"));
  CHECK(split.labelled.size() + split.val.size() == 128);
  for (const auto& [label, count] : count_classes(dataset, split.val)) CHECK((count == 2 || count == 3));
  CHECK(count_classes(dataset, split.val).size() == 10);
  CHECK(split.unlabelled.size() == 1280 - split.val.size());
  for (const std::int64_t i : split.val)
    CHECK(!std::binary_search(split.unlabelled.begin(), split.unlabelled.end(), i));
  CHECK(std::includes(split.unlabelled.begin(), split.unlabelled.end(), split.labelled.begin(), split.labelled.end()));
  CHECK((ascending(split.labelled) && ascending(split.unlabelled) && ascending(split.val) && ascending(split.test)));
  for (const std::int64_t i : split.test) CHECK(dataset.part(i) == Part::test);
}

TEST_CASE("one class below ten labels leaves no validation at all") {
  const MemoryDataset dataset(3, {40, 40, 9}, 0);
  CHECK(make_split(dataset, with_labels("30n")).val.empty());
  CHECK(make_split(MemoryDataset(3, {40}, 0), with_labels("30n")).val.size() == 6);
  CHECK(make_split(MemoryDataset(3, {40}, 0), with_labels("29n")).val.empty());
}

TEST_CASE("equal seeds choose equal labels, other seeds other ones and other classes for the remainder") {
  const MemoryDataset dataset(10, {50}, 0);
  CHECK(make_split(dataset, with_labels("45n", 1)).labelled == make_split(dataset, with_labels("45n", 1)).labelled);
  std::set<std::vector<std::int64_t>> choices;
  std::set<std::map<std::int64_t, std::int64_t>> remainders;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    const Split split = make_split(dataset, with_labels("45n", seed));
    choices.insert(split.labelled);
    remainders.insert(count_classes(dataset, split.labelled));
  }
  CHECK(choices.size() == 8);
  CHECK(remainders.size() > 1);
}

TEST_CASE("every picture of a class is chosen about equally often") {
  const MemoryDataset dataset(2, {10}, 0);
  std::map<std::int64_t, int> times;
  for (std::uint64_t seed = 0; seed < 2000; ++seed)
    for (const std::int64_t i : make_split(dataset, with_labels("4n", seed)).labelled) ++times[i];
  for (std::int64_t i = 0; i < dataset.size(); ++i) CHECK(std::abs(times[i] - 400) < 90);  // 5 standard deviations
}

TEST_CASE("a small class gives all it has, the larger ones the rest, and 100 % is every label") {
  const MemoryDataset dataset(3, {2, 30, 30}, 0);
  SplitOptions options = with_labels("30n");
  CHECK(count_classes(dataset, make_split(dataset, options).labelled) ==
        std::map<std::int64_t, std::int64_t>{{0, 2}, {1, 14}, {2, 14}});
  CHECK(make_split(dataset, with_labels("100")).labelled.size() == 62);
  CHECK(make_split(dataset, with_labels("1")).labelled.size() == 3);  // at least one of each class
}

TEST_CASE("training pictures without a label are unlabelled only") {
  MemoryDataset dataset(2, {5}, 1);
  for (int i = 0; i < 100; ++i) dataset.add(-1, Part::train);
  const Split split = make_split(dataset, with_labels("100"));
  CHECK(split.labelled.size() == 10);
  CHECK(split.unlabelled.size() == 110);
  CHECK(split.test.size() == 2);
}

TEST_CASE("a split that cannot be made says what is missing") {
  const auto split = [](const MemoryDataset& dataset, const SplitOptions& options) {
    return [&] { make_split(dataset, options); };
  };
  const MemoryDataset none(2, {0}, 3), single(1, {20}, 0), gap(3, {5, 0, 5}, 1), small(2, {3, 8}, 0);
  const SplitOptions ten = with_labels("10");
  CHECK(kind_of(split(none, ten)) == ErrorKind::data);
  CHECK_THROWS_WITH(make_split(none, ten), Catch::Contains("expected training pictures"));
  CHECK(kind_of(split(single, ten)) == ErrorKind::data);
  CHECK_THROWS_WITH(make_split(single, ten), Catch::Contains("at least 2 classes") && Catch::Contains("class0"));
  CHECK(kind_of(split(gap, ten)) == ErrorKind::data);
  CHECK_THROWS_WITH(make_split(gap, ten), Catch::Contains("\"class1\""));
  CHECK(kind_of(split(small, with_labels("12n"))) == ErrorKind::usage);
  CHECK_THROWS_WITH(make_split(small, with_labels("12n")), Catch::Contains("at most 11") && Catch::Contains("got 12"));
  CHECK_THROWS_WITH(make_split(small, with_labels("1n")), Catch::Contains("at least 2") && Catch::Contains("got 1"));
  CHECK_THROWS_WITH(make_split(small, with_per_class(4)), Catch::Contains("at most 3 (class \"class0\""));
  CHECK(make_split(small, with_per_class(3)).labelled.size() == 6);
  CHECK_THROWS_WITH(make_split(small, SplitOptions{}), Catch::Contains("expected one of"));
}

TEST_CASE("split.csv comes back as it went, whatever the paths and classes are called") {
  MemoryDataset dataset(2, {40}, 3);
  dataset.names = {"cat, \"the\" one", "dog"};
  const std::vector<std::string> nasty{"a,b.png", "\"",   "say \"hi\".jpg", "two\nlines.png",  "cr\r\nlf",
                                       " blank ", ",",    "\"\"",           "caf\xc3\xa9.png", "",
                                       "\r",      "end\""};
  for (std::size_t i = 0; i < nasty.size(); ++i) dataset.items[i * 3].path = nasty[i];
  dataset.add(-1, Part::train);
  const Split split = make_split(dataset, with_labels("50"));
  REQUIRE(!split.val.empty());
  const std::string csv = split_csv(dataset, split);
  const Split read = split_from_csv(dataset, csv);
  CHECK(read.labelled == split.labelled);
  CHECK(read.unlabelled == split.unlabelled);
  CHECK(read.val == split.val);
  CHECK(read.test == split.test);
  CHECK(split_csv(dataset, read) == csv);
}

TEST_CASE("split.csv lists each picture once, in the data set's order") {
  MemoryDataset dataset(2, {2}, 1);
  dataset.add(-1, Part::train);
  const std::string expected =
      "path,label,role\n"
      "pictures/0.png,class0,labeled\npictures/1.png,class0,unlabeled\n"
      "pictures/2.png,class0,test\npictures/3.png,class1,val\n"
      "pictures/4.png,class1,labeled\npictures/5.png,class1,test\n"
      "pictures/6.png,,unlabeled\n";
  CHECK(split_csv(dataset, {{0, 4}, {0, 1, 4, 6}, {3}, {2, 5}}) == expected);
  CHECK(split_from_csv(dataset, expected).unlabelled == std::vector<std::int64_t>{0, 1, 4, 6});
  std::string windows;
  for (const char c : expected) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  CHECK(split_from_csv(dataset, windows).labelled == std::vector<std::int64_t>{0, 4});
  CHECK(split_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_CASE("an error in split.csv names the line") {
  MemoryDataset dataset(2, {1}, 0);
  dataset.add(-1, Part::train);
  const std::string head = "path,label,role\n", row0 = "pictures/0.png,class0,labeled\n",
                    row1 = "pictures/1.png,class1,labeled\n", row2 = "pictures/2.png,,unlabeled\n";
  CHECK(split_from_csv(dataset, head + row0 + row1 + row2).labelled.size() == 2);
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"", "line 1"},
      {row0 + row1 + row2, "line 1: expected the header"},
      {head + row0 + row1, "\"pictures/2.png\" is not listed"},
      {head + row0 + row0, "line 3: expected each picture once"},
      {head + "other.png,class0,labeled\n", "line 2: expected a picture of the data set, got \"other.png\""},
      {head + "pictures/0.png,class1,labeled\n", "line 2: expected the data set's label \"class0\""},
      {head + "pictures/0.png,class0,train\n", "line 2: expected the role"},
      {head + row0 + "pictures/2.png,,labeled\n", "line 3: expected a picture with a label"},
      {head + "pictures/0.png,class0\n", "line 2: expected 3 fields"},
      {head + row0 + "\n" + row1, "line 3: expected 3 fields"},
      {head + row0 + "\"pictures/1.png,class1,labeled\n", "line 3: expected a closing quote"},
      {head + "\"pictures/0.png\"x,class0,labeled\n", "line 2: expected a comma"},
      {head + "pictures/\"0.png,class0,labeled\n", "line 2: expected the field in quotes"}};
  for (const auto& [csv, message] : wrong) {
    CHECK_THROWS_WITH(split_from_csv(dataset, csv), Catch::Contains(message));
    const std::string& text = csv;
    CHECK(kind_of([&] { split_from_csv(dataset, text); }) == ErrorKind::data);
  }
}

TEST_CASE("the test pictures of a split.csv are found in whatever order the data set has them, or named") {
  MemoryDataset dataset(2, {3}, 0);  // class0, class1, three each
  const std::string csv =
      "path,label,role\npictures/5.png,class1,test\npictures/0.png,class0,labeled\ngone.png,class0,val\n"
      "pictures/1.png,class0,test\nunknown.png,,test\n";
  CHECK(split_rows(csv)[0].line == 2);
  CHECK(split_rows(csv)[2].role == "val");
  CHECK(test_pictures(dataset, split_rows(csv)) == std::vector<std::int64_t>{5, 1});
  CHECK_THROWS_WITH(test_pictures(dataset, split_rows(csv + "lost.png,class0,test\nlost too.png,class0,test\n")),
                    Catch::Equals("split: expected its 4 test pictures, lacking 2: lost.png: not in the data set"));
  CHECK_THROWS_WITH(test_pictures(dataset, split_rows(csv + "pictures/2.png,class1,test\n")),
                    Catch::Contains("pictures/2.png: expected the label \"class1\", got \"class0\""));
}
