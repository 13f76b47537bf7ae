#pragma once
#include <string>
#include <utility>
#include <vector>

#include "s4l/methods/training/evaluation.h"

namespace s4l::apps {

/// Rows of a summary: a heading and what there is to say.
using Facts = std::vector<std::pair<std::string, std::string>>;

/// The table of an evaluation: top-1 and top-5 with their 95 % intervals, of the upright view and of the mean of four
/// rotations, the worst classes, and then `facts`.
std::string evaluation_text(const methods::Evaluation& evaluation, const std::vector<std::string>& class_names,
                            const Facts& facts);

}  // namespace s4l::apps
