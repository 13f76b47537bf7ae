// A folder of pictures sorted into one folder per class. Two layouts are understood:
//   root/train/<class>/... and root/test/<class>/... (root/val/ where there is no test/; ignored where there is), and
//   root/unlabeled/ beside them; root/<class>/..., where about every 5th picture of a class is a test picture.
// A root/train/ without test/ and val/ is carved likewise. `train` is an ordinary class if it holds no folders.
#include <algorithm>

#include "s4l/core/error.h"
#include "s4l/data/picture_files.h"
#include "s4l/data/picture_walk.h"

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

/// Where the folders of classes lie, below the root: "" or with a slash at the end; and that of pictures without any.
struct Layout {
  std::string train, test, unlabelled;
};

class ImageFolder final : public PictureFiles {
 public:
  explicit ImageFolder(const DatasetOptions& options) : PictureFiles(tree_for(options), options) {
    const Layout layout = find_layout();
    const PicturesBelow found = find_pictures(layout);
    Names classes = folder_names(tree(), layout.train);
    std::erase_if(classes, [&](const std::string& name) { return !found.files.contains(layout.train + name); });
    check_class_count(layout, classes, found.left_out);
    std::vector<Picture> pictures;
    add_classes(layout.train, Part::train, classes, found, pictures);
    if (!layout.test.empty()) add_classes(layout.test, Part::test, classes, found, pictures);
    if (const auto unlabelled = found.files.find(layout.unlabelled); unlabelled != found.files.end())
      for (const std::string& file : unlabelled->second)
        pictures.push_back({layout.unlabelled + "/" + file, -1, Part::train});
    note_left_out(found.left_out);
    note_unread();
    open(std::move(pictures), classes);
    if (layout.test.empty()) carve_test();
  }

 private:
  std::string place(const std::string& path) const { return tree().root() + "/" + path; }
  Layout find_layout();
  PicturesBelow find_pictures(const Layout& layout) const;
  void check_class_count(const Layout& layout, const Names& classes, const Names& left_out) const;
  void add_classes(const std::string& below, Part part, const Names& classes, const PicturesBelow& found,
                   std::vector<Picture>& pictures) const;
};

Layout ImageFolder::find_layout() {
  const Names names = folder_names(tree(), "");
  const auto is_part = [](const std::string& name) { return name == "train" || name == "test" || name == "val"; };
  if (has(names, "train") && !folder_names(tree(), "train").empty()) {
    Layout layout{"train/", has(names, "test") ? "test/" : has(names, "val") ? "val/" : "", ""};
    for (const char* spelling : {"unlabeled", "unlabelled"})
      if (has(names, spelling)) layout.unlabelled = spelling;
    if (has(names, "test") && has(names, "val")) note("val/ is not used: validation is carved from the labels");
    return layout;
  }
  if (!names.empty() && std::all_of(names.begin(), names.end(), is_part))
    fail(ErrorKind::data, "{}: expected one folder of pictures per class in it, as train/cat/, found none",
         place("train"));
  return {};
}

/// Test folders come first: of two links to the same pictures theirs counts, and what tests does not train.
PicturesBelow ImageFolder::find_pictures(const Layout& layout) const {
  Names folders;
  if (!layout.test.empty())
    for (const std::string& name : folder_names(tree(), layout.test)) folders.push_back(layout.test + name);
  for (const std::string& name : folder_names(tree(), layout.train)) folders.push_back(layout.train + name);
  if (!layout.unlabelled.empty()) folders.push_back(layout.unlabelled);
  return pictures_below(tree(), folders);
}

void ImageFolder::check_class_count(const Layout& layout, const Names& classes, const Names& left_out) const {
  const std::string where = layout.train.empty() ? tree().root() : place("train");
  if (classes.empty() && !left_out.empty())
    fail(ErrorKind::data, "{}: expected pictures of its own, found links to what is read elsewhere: {}", where,
         left_out[0]);
  if (classes.empty() && !picture_files(tree(), "").empty())
    fail(ErrorKind::data, "{}: expected one folder per class, found pictures outside of any: sort them into {}", where,
         place("<class>"));
  if (classes.empty())
    fail(ErrorKind::data, "{}: expected one folder of pictures per class, as {}, found none", where,
         place("cat/1.jpg"));
  if (classes.size() == 1)
    fail(ErrorKind::data, "{}: expected folders of at least 2 classes, found 1 (\"{}\")", where, classes[0]);
}

void ImageFolder::add_classes(const std::string& below, Part part, const Names& classes, const PicturesBelow& found,
                              std::vector<Picture>& pictures) const {
  for (const std::string& name : folder_names(tree(), below)) {
    const auto files = found.files.find(below + name);
    if (files == found.files.end()) continue;
    const auto label = std::find(classes.begin(), classes.end(), name);
    if (label == classes.end())
      fail(ErrorKind::data, "{}: expected a class that train/ has too, got \"{}\"", place(below + name), name);
    for (const std::string& file : files->second)
      pictures.push_back({below + name + "/" + file, label - classes.begin(), part});
  }
}

}  // namespace
}  // namespace s4l::data

S4L_DATASET(image_folder, s4l::data::ImageFolder, "a folder or .tar of pictures, one folder per class")
