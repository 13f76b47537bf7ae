#pragma once
#include <string>
#include <utility>
#include <vector>

namespace s4l::apps {

/// What a result depends on beside its options: version, build, processor, threads, devices; in the order to show.
std::vector<std::pair<std::string, std::string>> machine_facts();

}  // namespace s4l::apps
