#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "s4l/data/dataset.h"
#include "s4l/data/file_tree.h"

namespace s4l::data {

/// How CIFAR's binary files are laid out: records of one or two label bytes and 32 x 32 pixels as three planes.
struct CifarFormat {
  const char* name;
  std::vector<std::string> train_files, test_files;
  std::string names_file;
  int label_bytes = 1, label_at = 0;  ///< which of them is the label
  std::vector<std::string> names;     ///< of the classes, where there is no names_file
};

/// How many records a file's content holds; throws Error(data) where its length or a label is wrong.
std::int64_t check_cifar_records(std::span<const std::uint8_t> content, const CifarFormat& format);

/// The base of CIFAR-10 and CIFAR-100.
class Cifar : public Dataset {
 public:
  std::int64_t size() const override { return static_cast<std::int64_t>(records_.size()) / record_bytes(); }
  const std::vector<std::string>& class_names() const override { return format_.names; }
  Size image_size(std::int64_t index) const override;
  std::int64_t label(std::int64_t index) const override { return record(index)[format_.label_at]; }
  Part part(std::int64_t index) const override { return index < train_ ? Part::train : Part::test; }
  std::string path(std::int64_t index) const override;
  Image image(std::int64_t index, Box box) const override;

 protected:
  Cifar(const DatasetOptions& options, CifarFormat format);

 private:
  struct File {
    std::string name;
    std::int64_t first;  // index of its first picture
  };
  void add_file(const FileTree& tree, const std::string& file);
  void read_names(const FileTree& tree);
  std::int64_t record_bytes() const;
  const std::uint8_t* record(std::int64_t index) const { return records_.data() + index * record_bytes(); }

  CifarFormat format_;
  std::vector<std::uint8_t> records_;
  std::vector<File> files_;
  std::int64_t train_ = 0;
};

}  // namespace s4l::data
