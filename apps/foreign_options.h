#pragma once
#include <string>

namespace s4l::apps {

/// What to say to an option that other programs have and this one does not, or has by another way; empty: unknown.
std::string foreign_option(const std::string& name);

}  // namespace s4l::apps
