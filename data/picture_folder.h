#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace s4l::data {

/// The pictures in a folder and the folders below it, as picture_files() of picture_walk.h has them. Throws Error(io).
std::vector<std::string> picture_files(const std::filesystem::path& folder);

}  // namespace s4l::data
