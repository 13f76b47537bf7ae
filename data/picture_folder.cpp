#include "s4l/data/picture_folder.h"

#include "s4l/data/picture_walk.h"

namespace s4l::data {

std::vector<std::string> picture_files(const std::filesystem::path& folder) {
  return picture_files(*open_tree(folder.string()), "");
}

}  // namespace s4l::data
