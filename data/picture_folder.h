#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace s4l::data {

/// The names of the folders right in `folder`, sorted; hidden ones are left out. Throws Error(io) if it cannot be read.
std::vector<std::string> folder_names(const std::filesystem::path& folder);
/// What has a picture's suffix in `folder` and the folders below it, relative to it, sorted by bytes; what is hidden is
/// left out. Symbolic links are followed, but no folder is entered twice. A folder named x.jpg counts as a picture, so
/// that reading it says what is wrong.
std::vector<std::string> picture_files(const std::filesystem::path& folder);

}  // namespace s4l::data
