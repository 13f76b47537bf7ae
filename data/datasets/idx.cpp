// MNIST and what is stored like it: grey or RGB pictures of one size in IDX files, "train-images-idx3-ubyte" with
// "train-labels-idx1-ubyte", and "t10k-" or "test-" for the test; .gz or not. Classes are called by their numbers.
#include <algorithm>
#include <cstdio>

#include "s4l/core/error.h"
#include "s4l/data/cut.h"
#include "s4l/data/dataset.h"
#include "s4l/data/decode.h"
#include "s4l/data/file_tree.h"
#include "s4l/data/idx.h"

namespace s4l::data {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

/// Pictures with their labels: one pair of files.
struct IdxPart {
  IdxArray images, labels;

  std::int64_t count() const { return labels.shape[0]; }
  Size size() const { return {static_cast<int>(images.shape[1]), static_cast<int>(images.shape[2])}; }
  std::int64_t channels() const { return images.shape.size() == 4 ? images.shape[3] : 1; }
};

IdxArray read_array(const FileTree& tree, const std::string& name) {
  try {
    return read_idx(tree.read(name, std::int64_t{512} << 20));
  } catch (const Error& error) {
    fail(error.kind(), "idx: {}/{}: {}", tree.root(), name, error.what());
  }
}

IdxPart read_part(const FileTree& tree, const std::string& images_name) {
  const char* dimensions = images_name.find("idx3") != images_name.npos ? "idx3" : "idx4";
  const std::string labels_name = replaced(replaced(images_name, "images", "labels"), dimensions, "idx1");
  IdxPart part{read_array(tree, images_name), read_array(tree, labels_name)};
  const auto& shape = part.images.shape;
  const bool pictures = shape.size() == 3 || (shape.size() == 4 && (shape[3] == 1 || shape[3] == 3));
  const std::int64_t side = DecodeLimits().side;
  if (!pictures || shape[1] < 1 || shape[2] < 1 || shape[1] > side || shape[2] > side)
    fail(ErrorKind::data, "idx: {}: expected pictures (n, height, width) or (n, height, width, 3), sides up to {}",
         images_name, side);
  if (part.labels.shape.size() != 1 || part.count() != shape[0])
    fail(ErrorKind::data, "idx: {}: expected a label for each of {} pictures, got {}", labels_name, shape[0],
         part.labels.values.size());
  return part;
}

class Idx final : public Dataset {
 public:
  explicit Idx(const DatasetOptions& options) {
    check(!options.root.empty(), "idx: expected a folder with train-images-idx3-ubyte and its labels, got none");
    for (const auto& [name, value] : options.extra)
      fail(ErrorKind::usage, "idx: expected no options of its own, got \"{}\"", name);
    const std::unique_ptr<FileTree> tree = open_tree(options.root);
    train_ = read_part(*tree, images_file(*tree, {"train"}));
    test_ = read_part(*tree, images_file(*tree, {"t10k", "test"}));
    std::uint8_t largest = 0;
    for (const IdxPart* part : {&train_, &test_})
      for (const std::uint8_t label : part->labels.values) largest = std::max(largest, label);
    for (int c = 0; c <= largest; ++c) names_.push_back(std::to_string(c));
  }

  std::int64_t size() const override { return train_.count() + test_.count(); }
  const std::vector<std::string>& class_names() const override { return names_; }
  Size image_size(std::int64_t index) const override { return of(index).size(); }
  std::int64_t label(std::int64_t index) const override { return of(index).labels.values[place(index)]; }
  Part part(std::int64_t index) const override { return index < train_.count() ? Part::train : Part::test; }
  std::string path(std::int64_t index) const override {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%05zu", place(index));
    return (part(index) == Part::train ? "train/" : "test/") + std::string(digits);
  }

  Image image(std::int64_t index, Box box) const override {
    const IdxPart& from = of(index);
    Image image(from.size().height, from.size().width);
    const auto channels = static_cast<std::size_t>(from.channels()), pixels = image.pixels.size() / 3;
    const std::uint8_t* values = from.images.values.data() + place(index) * pixels * channels;
    for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = values[channels == 3 ? i : i / 3];
    return cut(image, box);
  }

 private:
  static std::string images_file(const FileTree& tree, const std::vector<std::string>& parts) {
    std::vector<std::string> found;
    for (const std::string& name : file_names(tree, ""))
      for (const std::string& part : parts)
        if (is_idx_images(name) && name.find(part) != name.npos) found.push_back(name);
    if (found.size() != 1)
      fail(ErrorKind::data, "idx: {}: expected one file such as {}-images-idx3-ubyte, found {}", tree.root(), parts[0],
           found.size());
    return found[0];
  }
  const IdxPart& of(std::int64_t index) const { return index < train_.count() ? train_ : test_; }
  std::size_t place(std::int64_t index) const {
    return static_cast<std::size_t>(index < train_.count() ? index : index - train_.count());
  }

  IdxPart train_, test_;
  std::vector<std::string> names_;
};

}  // namespace
}  // namespace s4l::data

S4L_DATASET(idx, Idx, "MNIST's format: a folder or .tar with train-images-idx3-ubyte(.gz) and the like")
