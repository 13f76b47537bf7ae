#pragma once
#include <memory>
#include <string>
#include <vector>

#include "s4l/data/dataset.h"

namespace s4l::data {

/// `dataset` with other labels: label(i) is labels[i]. What a network is taught by its own guesses.
std::unique_ptr<Dataset> relabelled(std::unique_ptr<Dataset> dataset, std::vector<std::int64_t> labels);

}  // namespace s4l::data
