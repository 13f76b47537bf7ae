#pragma once
#include <string>

#include "s4l/apps/compare_request.h"

namespace s4l::apps {

/// Gives every training of every entry its steps: in all as many as the first entry takes, or as many as take as much
/// time. A method that trains several times shares them among its stages as its recipe does.
void settle_budget(CompareRequest& request);
/// A folder holds one comparison: writes what the runs of each entry share, or throws Error(usage) where other runs
/// began there.
void settle_folder(const CompareRequest& request);

}  // namespace s4l::apps
