#pragma once
#include <map>
#include <string>
#include <vector>

#include "s4l/data/file_tree.h"

namespace s4l::data {

/// What lies below several folders of a tree, each folder and each linked file once.
struct PicturesBelow {
  /// By folder, without those that were left out: what has a picture's suffix, relative to it, sorted by bytes.
  std::map<std::string, std::vector<std::string>> files;
  std::vector<std::string> left_out;  ///< paths that lead to what is read elsewhere
};

/// Follows links without loops. Of several ways to one folder or file the one without a link counts; of links those to
/// `folders` count before those below them, then the earlier. A folder named x.jpg counts as a picture, so that
/// reading it says what is wrong. Throws Error(io).
PicturesBelow pictures_below(const FileTree& tree, const std::vector<std::string>& folders);
/// The same for one folder: its files.
std::vector<std::string> picture_files(const FileTree& tree, const std::string& folder);
/// How many pictures of formats that are not read lie in the tree, as "3 .heic, 1 .webp"; empty for none.
std::string unread_pictures(const FileTree& tree);

}  // namespace s4l::data
