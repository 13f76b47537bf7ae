#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "s4l/data/dataset.h"

namespace s4l::data {

/// A row of split.csv (split.h).
struct SplitRow {
  std::int64_t line = 0;  ///< in the file, from 1
  std::string path, label, role;
};

/// The rows of what split_csv wrote, of whatever data set. Throws Error(data) naming the line that is no such row.
std::vector<SplitRow> split_rows(const std::string& csv);
/// The labelled pictures that the rows call test, in their order. Throws Error(data) that counts those which the data
/// set lacks, left out as damaged or labels otherwise, and names the first.
std::vector<std::int64_t> test_pictures(const Dataset& dataset, const std::vector<SplitRow>& rows);

}  // namespace s4l::data
