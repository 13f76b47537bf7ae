#pragma once
#include <vector>

#include "s4l/apps/command_line.h"
#include "s4l/apps/log.h"

namespace s4l::apps {

/// --quiet, --verbose, --log-format, --no-progress, --no-color.
std::vector<Option> log_options();
/// The log that they ask for, on stderr.
Log log_from(const Arguments& arguments);

}  // namespace s4l::apps
