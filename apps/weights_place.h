#pragma once
#include <string>

#include "s4l/apps/command_line.h"

namespace s4l::apps {

/// `place`, or the weights that the run reports whose folder it is.
std::string weights_at(const std::string& place);
/// The same of the first argument of `command`.
std::string weights_named(const Arguments& arguments, const char* command);

}  // namespace s4l::apps
