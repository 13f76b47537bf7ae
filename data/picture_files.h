#pragma once
#include <memory>
#include <string>
#include <vector>

#include "s4l/data/dataset.h"
#include "s4l/data/decoded_cache.h"
#include "s4l/data/file_tree.h"
#include "s4l/data/picture_index.h"

namespace s4l::data {

/// A data set whose pictures are files of a tree: the base of those that differ in how they find files and labels.
/// Every file is decoded once in full when it is first met; damaged ones are left out and the others numbered without
/// gaps, so that nothing later depends on what was damaged.
class PictureFiles : public Dataset {
 public:
  std::int64_t size() const override { return static_cast<std::int64_t>(pictures_.size()); }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  Size image_size(std::int64_t index) const override { return picture(index).facts.size; }
  std::int64_t label(std::int64_t index) const override { return picture(index).label; }
  Part part(std::int64_t index) const override { return picture(index).part; }
  std::string path(std::int64_t index) const override { return picture(index).path; }
  const std::vector<Damaged>& damaged() const override { return damaged_; }
  const std::vector<std::string>& notes() const override { return notes_; }
  std::string content_hash(std::int64_t index) const override { return picture(index).facts.hash; }
  Image image(std::int64_t index, Box box) const override;

 protected:
  struct Picture {
    std::string path;  ///< in the tree
    std::int64_t label = -1;
    Part part = Part::train;
    std::string place{};  ///< where a list names it ("line 7"), for messages
    PictureFacts facts{};
  };

  PictureFiles(std::unique_ptr<FileTree> tree, const DatasetOptions& options)
      : tree_(std::move(tree)), options_(options) {}
  const FileTree& tree() const { return *tree_; }
  /// Takes the pictures, of which those with a reason are damaged already, and checks the files of the others. Throws
  /// Error(data) where more are damaged than the options allow, and where a class has no training picture.
  void open(std::vector<Picture> pictures, std::vector<std::string> class_names);
  /// Makes about every 5th labelled training picture of a class a test picture. The choice depends on the paths alone:
  /// it is the same for every seed and on every machine.
  void carve_test();
  /// Notes how many pictures of formats that are not read lie in the tree.
  void note_unread();
  /// Notes which paths were not read because others lead to the same.
  void note_left_out(const std::vector<std::string>& paths);
  void note(std::string text) { notes_.push_back(std::move(text)); }

 private:
  const Picture& picture(std::int64_t index) const { return pictures_[static_cast<std::size_t>(index)]; }
  void check_files();
  void drop_damaged();
  std::vector<std::uint8_t> read(const std::string& path) const;

  std::unique_ptr<FileTree> tree_;
  DatasetOptions options_;
  std::vector<std::string> class_names_, notes_;
  std::vector<Picture> pictures_;
  std::vector<Damaged> damaged_;
  mutable DecodedCache decoded_;
};

}  // namespace s4l::data
