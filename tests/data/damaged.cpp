// reliability.md 5.5: damaged pictures are reported one by one, and nothing else is different for them.
#include <catch2/catch.hpp>

#include <atomic>
#include <map>

#include "s4l/core/error.h"
#include "s4l/core/io/file.h"
#include "s4l/data/dataset.h"
#include "s4l/methods/training/run.h"
#include "s4l/tests/data/damaged_set.h"
#include "s4l/tests/data/pictures.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::data;
using Catch::Matchers::Contains;
using s4l::test::DamagedSet;
using s4l::test::TemporaryFolder;

namespace {

DatasetOptions options_for(const TemporaryFolder& root, const char* table) {
  DatasetOptions options;
  options.root = (root / table).string();
  options.max_damaged = 10;
  options.extra = {{"classes", "4"}};
  return options;
}

void check_equal(const Dataset& a, const Dataset& b) {
  REQUIRE(a.size() == b.size());
  bool same = true;
  for (std::int64_t i = 0; i < a.size(); ++i)
    same = same && a.path(i) == b.path(i) && a.label(i) == b.label(i) && a.part(i) == b.part(i) &&
           a.content_hash(i) == b.content_hash(i) && a.whole_image(i).pixels == b.whole_image(i).pixels;
  CHECK(same);
}

/// The weights after a few steps, as one row of bits.
std::vector<std::vector<float>> trained(const TemporaryFolder& root, const char* table, double max_damaged,
                                        std::size_t damaged) {
  methods::RunOptions options;
  options.data = (root / table).string();
  options.dataset_options = {{"classes", "4"}};
  options.max_damaged = max_damaged;
  options.width = 0.125;
  options.steps = 5;
  options.batch_size = 4;
  options.warmup_steps = 1;
  methods::Run run(options);
  CHECK(run.dataset().damaged().size() == damaged);
  run.train("", false, {});
  std::vector<std::vector<float>> weights;
  for (const auto& [name, parameter] : nn::parameters_of(run.model()))
    weights.push_back(values_of<float>(parameter->value));
  return weights;
}

}  // namespace

TEST_CASE("pictures damaged in 13 ways are reported with path, line and reason, the others numbered without gaps") {
  const TemporaryFolder root;
  const DamagedSet set(root.path(), 400, 3 * DamagedSet::kWays);
  set.watch();
  const auto all = open_dataset("manifest", options_for(root, "all.csv"));
  REQUIRE(all->damaged().size() == set.damaged.size());
  std::map<std::string, int> reasons;
  for (const Damaged& one : all->damaged()) {
    CHECK(set.damaged.contains(one.path));
    REQUIRE_THAT(one.reason, Contains("line ") && Contains(": "));
    std::string reason = one.reason.substr(one.reason.find(": ") + 2);
    if (const std::size_t path = reason.find("/p/"); path != reason.npos)
      reason = reason.substr(reason.find(": ", path));
    ++reasons[reason];
  }
  for (const auto& [reason, count] : reasons) {
    INFO(reason);
    CHECK(count == 3);
  }
  CHECK(reasons.size() == DamagedSet::kWays);
  check_equal(*all, *open_dataset("manifest", options_for(root, "good.csv")));
}

TEST_CASE("with strict the first damaged picture stops, and more than are allowed stop") {
  const TemporaryFolder root;
  const DamagedSet set(root.path(), 200, 5);
  DatasetOptions options = options_for(root, "all.csv");
  options.strict = true;
  CHECK_THROWS_WITH(open_dataset("manifest", options), Contains("p/39.jpg: line 41: JPEG: "));
  options.strict = false;
  options.max_damaged = 2;
  CHECK_THROWS_WITH(open_dataset("manifest", options), Contains("5 of 200 pictures are damaged, expected at most 2 %"));
  options.max_damaged = 2.5;
  CHECK(open_dataset("manifest", options)->size() == 195);
}

TEST_CASE("a run with damaged pictures equals the run without them, bit for bit") {
  const TemporaryFolder root;
  const DamagedSet set(root.path(), 130, DamagedSet::kWays);
  set.watch();
  CHECK(trained(root, "all.csv", 10, DamagedSet::kWays) == trained(root, "good.csv", 0, 0));
}

// 10,000 pictures take a while to write: test_data "[full]" runs it.
TEST_CASE("of 10,000 pictures exactly the 137 damaged ones are reported and the run is that on 9,863", "[.][full]") {
  const TemporaryFolder root;
  const DamagedSet set(root.path(), 10'000, 137);
  set.watch();
  CHECK(trained(root, "all.csv", 2, 137) == trained(root, "good.csv", 0, 0));
  CHECK_THROWS_WITH(trained(root, "all.csv", 1, 0), Contains("137 of 10000 pictures are damaged"));
}

TEST_CASE("what is known of pictures is kept between runs, as long as they do not change") {
  const TemporaryFolder root, cache;
  const DamagedSet set(root.path(), 60, DamagedSet::kWays);
  set.watch();
  DatasetOptions options = options_for(root, "all.csv");
  options.max_damaged = 50;
  options.cache_folder = (cache / "s4l").string();
  const auto first = open_dataset("manifest", options);
  const DatasetOptions without_cache = [&] {
    DatasetOptions o = options;
    o.cache_folder.clear();
    return o;
  }();
  check_equal(*open_dataset("manifest", options), *open_dataset("manifest", without_cache));
  CHECK(first->damaged().size() == DamagedSet::kWays);

  std::atomic<int> reads{0};  // files are looked at in threads
  io::set_fault_hook([&](io::Call call, const std::string& path) {
    if (call == io::Call::read && path.ends_with(".jpg")) ++reads;
    return 0;
  });
  const auto second = open_dataset("manifest", options);
  CHECK(reads == 1);  // what could not be read before
  CHECK(second->damaged().size() == DamagedSet::kWays - 1);
  test::write_file(root / "p/0.jpg", test::write_jpeg(test::test_picture(20, 20)));
  const auto third = open_dataset("manifest", options);
  CHECK(reads == 2);
  CHECK(third->image_size(0) == Size{20, 20});
  CHECK(third->content_hash(0) != first->content_hash(0));
  for (const auto& file : std::filesystem::recursive_directory_iterator(cache.path()))
    if (file.is_regular_file()) test::write_file(file.path(), std::string("s4l picture index 1,\"torn"));
  CHECK(open_dataset("manifest", options)->size() == third->size());
}
