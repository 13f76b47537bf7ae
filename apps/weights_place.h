#pragma once
#include <string>

#include "s4l/apps/command_line.h"

namespace s4l::apps {

/// The weights file that the first argument of `command` names: itself, or the one that a run's folder reports.
std::string weights_named(const Arguments& arguments, const char* command);

}  // namespace s4l::apps
