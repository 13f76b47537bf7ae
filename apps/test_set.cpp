#include "s4l/apps/test_set.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <unordered_set>

#include <fmt/format.h>

#include "s4l/apps/table.h"
#include "s4l/core/error.h"
#include "s4l/core/io/file.h"
#include "s4l/data/split.h"
#include "s4l/data/split_rows.h"

namespace s4l::apps {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWayOut = "; restore what is lacking, or give --labels-file a copy without it";

bool names_pictures(const Arguments& arguments) {
  constexpr std::array kOptions{"data", "dataset", "data-option", "data-seed"};
  return std::any_of(kOptions.begin(), kOptions.end(), [&](const char* option) { return arguments.has(option); });
}

std::vector<std::int64_t> listed_in(const std::string& split, const data::Dataset& dataset) {
  const std::vector<data::SplitRow> rows = [&] {
    try {
      return data::split_rows(io::read_file(split));
    } catch (const Error& error) {
      fail(error.kind(), "{}: {}", split, error.what());
    }
  }();
  try {
    return data::test_pictures(dataset, rows);
  } catch (const Error& error) {
    fail(error.kind(), "{}: {}{}", split, error.what(), kWayOut);
  }
}

std::vector<std::int64_t> test_part(const data::Dataset& dataset) {
  std::vector<std::int64_t> pictures;
  for (std::int64_t i = 0; i < dataset.size(); ++i)
    if (dataset.part(i) == data::Part::test && dataset.label(i) >= 0) pictures.push_back(i);
  return pictures;
}

/// Counts the pictures that the run's own split lists as others than test pictures.
void warn_of_trained_on(const std::string& own, const data::Dataset& dataset, TestSet& set, Log& log) {
  std::unordered_set<std::string> trained;
  for (data::SplitRow& row : data::split_rows(io::read_file(own)))
    if (row.role != "test") trained.insert(std::move(row.path));
  std::string first;
  for (const std::int64_t index : set.pictures)
    if (trained.contains(dataset.path(index)) && set.trained_on++ == 0) first = dataset.path(index);
  if (set.trained_on == 0) return;
  log.warning(
      fmt::format("{} of the {} tested have the name of one that the weights were trained on ({}): where it "
                  "is the same, the figure says little",
                  set.trained_on, counted(static_cast<long long>(set.pictures.size()), "picture"), first));
}

}  // namespace

std::string file_of_run(const std::string& weights, const char* name) {
  const fs::path run = fs::proximate(fs::absolute(weights).parent_path().parent_path());
  return fs::exists(run / "config.toml") && fs::exists(run / name) ? (run / name).string() : "";
}

TestSet test_set_for(const std::string& weights, const methods::ModelCard& card, const Arguments& arguments,
                     const data::Dataset& dataset, Log& log) {
  std::string own = file_of_run(weights, "split.csv");
  TestSet set;
  set.split = arguments.get("labels-file", names_pictures(arguments) ? "" : own);
  const std::string hash = set.split.empty() ? "" : data::split_hash(io::read_file(set.split));
  if (hash == card.split_hash)
    own = set.split;
  else if (!set.split.empty() && !arguments.has("labels-file"))
    fail(ErrorKind::data,
         "eval: expected the split {}… that {} was trained on, {} is {}…: other labels or other data; --labels-file {} "
         "tests its pictures all the same",
         card.split_hash.substr(0, 8), weights, own, hash.substr(0, 8), own);
  set.pictures = set.split.empty() ? test_part(dataset) : listed_in(set.split, dataset);
  if (set.pictures.empty()) fail(ErrorKind::data, "eval: the data has no test pictures with a label");
  if (own.empty())
    log.warning("no split.csv lies beside the weights to say whether they were trained on what is tested");
  else if (own != set.split)
    warn_of_trained_on(own, dataset, set, log);
  return set;
}

void check_all_tested(const TestSet& set, const methods::Evaluation& test) {
  if (set.split.empty() || test.damaged.empty()) return;
  fail(ErrorKind::data, "{}: expected its {} test pictures, lacking {}: {}: {}{}", set.split, set.pictures.size(),
       test.damaged.size(), test.damaged[0].path, test.damaged[0].reason, kWayOut);
}

}  // namespace s4l::apps
