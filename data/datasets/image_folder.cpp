// A folder of pictures sorted into one folder per class. Two layouts are understood:
//   root/train/<class>/... and root/test/<class>/... (root/val/ where there is no test/; ignored where there is), and
//   root/unlabeled/ beside them; root/<class>/..., where about every 5th picture of a class is a test picture.
// A root/train/ without test/ and val/ is carved likewise. `train` is an ordinary class if it holds no folders.
#include <algorithm>
#include <map>

#include "s4l/core/error.h"
#include "s4l/data/picture_files.h"

namespace s4l::data {
namespace {

using Names = std::vector<std::string>;

bool has(const Names& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::unique_ptr<FileTree> tree_for(const DatasetOptions& options) {
  constexpr const char* kExpected = "expected a folder (or .tar) that holds one folder of pictures per class";
  check(options.extra.empty(), "image-folder: expected no options, got \"{}\"",
        options.extra.empty() ? "" : options.extra.begin()->first);
  check(!options.root.empty(), "image-folder: {}, got no path", kExpected);
  return open_tree(options.root);
}

/// Where the folders of classes lie, below the root; "" or with a slash at the end.
struct Layout {
  std::string train, test, unlabelled;
};

class ImageFolder final : public PictureFiles {
 public:
  explicit ImageFolder(const DatasetOptions& options) : PictureFiles(tree_for(options), options) {
    const Layout layout = find_layout();
    const Names classes = folder_names(tree(), layout.train);
    check_class_count(layout, classes);
    std::vector<Picture> pictures;
    add_classes(layout.train, Part::train, classes, pictures);
    if (!layout.test.empty()) add_classes(layout.test, Part::test, classes, pictures);
    if (!layout.unlabelled.empty())
      for (const std::string& file : picture_files(tree(), layout.unlabelled))
        pictures.push_back({layout.unlabelled + file, -1, Part::train});
    note_unread();
    open(std::move(pictures), classes);
    if (layout.test.empty()) carve_test();
  }

 private:
  std::string place(const std::string& path) const { return tree().root() + "/" + path; }
  Layout find_layout();
  void check_class_count(const Layout& layout, const Names& classes) const;
  void add_classes(const std::string& below, Part part, const Names& classes, std::vector<Picture>& pictures) const;
};

Layout ImageFolder::find_layout() {
  const Names names = folder_names(tree(), "");
  const auto is_part = [](const std::string& name) { return name == "train" || name == "test" || name == "val"; };
  if (has(names, "train") && !folder_names(tree(), "train").empty()) {
    Layout layout{"train/", has(names, "test") ? "test/" : has(names, "val") ? "val/" : "", ""};
    for (const char* spelling : {"unlabeled", "unlabelled"})
      if (has(names, spelling)) layout.unlabelled = std::string(spelling) + "/";
    if (has(names, "test") && has(names, "val")) note("val/ is not used: validation is carved from the labels");
    return layout;
  }
  if (!names.empty() && std::all_of(names.begin(), names.end(), is_part))
    fail(ErrorKind::data, "{}: expected one folder of pictures per class in it, as train/cat/, found none",
         place("train"));
  return {};
}

void ImageFolder::check_class_count(const Layout& layout, const Names& classes) const {
  const std::string where = layout.train.empty() ? tree().root() : place("train");
  if (classes.empty() && !picture_files(tree(), "").empty())
    fail(ErrorKind::data, "{}: expected one folder per class, found pictures outside of any: sort them into {}", where,
         place("<class>"));
  if (classes.empty())
    fail(ErrorKind::data, "{}: expected one folder of pictures per class, as {}, found none", where,
         place("cat/1.jpg"));
  if (classes.size() == 1)
    fail(ErrorKind::data, "{}: expected folders of at least 2 classes, found 1 (\"{}\")", where, classes[0]);
}

void ImageFolder::add_classes(const std::string& below, Part part, const Names& classes,
                              std::vector<Picture>& pictures) const {
  for (const std::string& name : folder_names(tree(), below)) {
    const auto found = std::find(classes.begin(), classes.end(), name);
    if (found == classes.end())
      fail(ErrorKind::data, "{}: expected a class that train/ has too, got \"{}\"", place(below + name), name);
    for (const std::string& file : picture_files(tree(), below + name))
      pictures.push_back({below + name + "/" + file, found - classes.begin(), part});
  }
}

}  // namespace
}  // namespace s4l::data

S4L_DATASET(image_folder, s4l::data::ImageFolder, "a folder or .tar of pictures, one folder per class")
