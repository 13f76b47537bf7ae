#pragma once
#include <string>
#include <unordered_map>

#include "s4l/data/file_tree.h"
#include "s4l/data/image.h"

namespace s4l::data {

/// What decoding a picture file in full has told.
struct PictureFacts {
  Size size;           ///< of the upright picture
  std::string hash;    ///< of its pixels
  std::string reason;  ///< why it is damaged; empty where it is not
};

/// The facts of one tree's pictures, kept in a file between runs: a picture is decoded to be checked only when its
/// path, size or time of change is new.
class PictureIndex {
 public:
  /// Reads what is known of the tree from `folder`; an empty folder, or a file that is damaged, knows nothing.
  PictureIndex(const std::string& folder, const FileTree& tree);

  /// Null where the picture, or this state of it, is not known.
  const PictureFacts* find(const std::string& path, const FileTree::Stamp& stamp) const;
  void put(const std::string& path, const FileTree::Stamp& stamp, PictureFacts facts);
  /// Writes the index; that it cannot be written is no error.
  void save() const;

 private:
  struct Row {
    FileTree::Stamp stamp;
    PictureFacts facts;
  };
  void load();

  std::string file_, title_;
  std::unordered_map<std::string, Row> rows_;
};

}  // namespace s4l::data
