#pragma once
#include <set>

#include "s4l/core/error.h"
#include "s4l/data/dataset.h"

namespace s4l::test {

/// Pictures in memory for the tests of this folder: picture i is 4x4 (or `sizes[i]`), every byte tells i.
class MemoryDataset final : public data::Dataset {
 public:
  struct Item {
    std::int64_t label = 0;
    data::Part part = data::Part::train;
    std::string path;
    data::Size size{4, 4};
  };
  std::vector<std::string> names;
  std::vector<Item> items;
  std::set<std::int64_t> undecodable;

  MemoryDataset(int classes, const std::vector<int>& train_per_class, int test_per_class) {
    for (int c = 0; c < classes; ++c) {
      names.push_back("class" + std::to_string(c));
      for (int i = 0; i < train_per_class[static_cast<std::size_t>(c) % train_per_class.size()]; ++i)
        add(c, data::Part::train);
      for (int i = 0; i < test_per_class; ++i) add(c, data::Part::test);
    }
  }
  void add(std::int64_t label, data::Part part) {
    items.push_back({label, part, "pictures/" + std::to_string(items.size()) + ".png", {4, 4}});
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(items.size()); }
  const std::vector<std::string>& class_names() const override { return names; }
  data::Size image_size(std::int64_t i) const override { return at(i).size; }
  data::Image image(std::int64_t i, data::Box box) const override {
    if (undecodable.contains(i)) fail(ErrorKind::data, "decode: truncated");
    data::Image image(box.height, box.width);
    for (std::size_t k = 0; k < image.pixels.size(); ++k)
      image.pixels[k] = static_cast<std::uint8_t>(i * 7 + static_cast<std::int64_t>(k) * (1 + i / 256));
    return image;
  }
  std::int64_t label(std::int64_t i) const override { return at(i).label; }
  data::Part part(std::int64_t i) const override { return at(i).part; }
  std::string path(std::int64_t i) const override { return at(i).path; }

 private:
  const Item& at(std::int64_t i) const { return items.at(static_cast<std::size_t>(i)); }
};

}  // namespace s4l::test
