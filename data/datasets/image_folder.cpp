// A folder of pictures sorted into one folder per class. Two layouts are understood:
//   root/train/<class>/... and root/test/<class>/... (root/val/ where there is no test/; ignored where there is),
//   root/<class>/..., where about every 5th picture of a class is a test picture.
// That choice depends on the pictures' paths alone: it is the same for every seed and on every machine. A root/train/
// without test/ and val/ is carved likewise. `train` is an ordinary class if it holds no folders.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <thread>

#include "s4l/core/error.h"
#include "s4l/core/rng.h"
#include "s4l/data/cut.h"
#include "s4l/data/dataset.h"
#include "s4l/data/decode.h"
#include "s4l/data/picture_folder.h"
#include "s4l/data/transforms/operations.h"

namespace s4l::data {
namespace {

namespace fs = std::filesystem;

struct Picture {
  std::string path;  ///< relative to the root
  int label;
  Part part;
  Size size{};
  Image decoded{};       ///< empty where the pictures together are too large to keep
  std::string reason{};  ///< why it is damaged
};

/// Runs task(i) for all i below `count` on every core and keeps what a task throws as that picture's reason.
template <class Task>
void for_each_picture(std::vector<Picture>& pictures, const Task& task) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < pictures.size(); i = next++) try {
        task(pictures[i]);
      } catch (const std::exception& error) {
        pictures[i].reason = error.what();
      }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i) threads.emplace_back(work);
  work();
}

/// Where the folders of classes lie, below the root.
struct Layout {
  std::string train, test;  ///< "" or "train/", "" or "test/" or "val/"
};

Layout layout_of(const fs::path& root) {
  const std::vector<std::string> names = folder_names(root);
  const auto has = [&](const char* name) { return std::find(names.begin(), names.end(), name) != names.end(); };
  const auto is_part = [](const std::string& name) { return name == "train" || name == "test" || name == "val"; };
  if (has("train") && !folder_names(root / "train").empty())
    return {"train/", has("test") ? "test/" : has("val") ? "val/" : ""};
  if (!names.empty() && std::all_of(names.begin(), names.end(), is_part))
    fail(ErrorKind::data, "{}: expected one folder of pictures per class in it, as train/cat/, found none",
         (root / "train").string());
  return {};
}

/// The picture's place in an order that looks random and depends on its path alone.
std::uint64_t shuffled(const std::string& path) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const char c : path) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;
  Rng rng(hash, Purpose::dataset);
  const std::uint64_t high = rng.next();
  return high << 32 | rng.next();
}

class ImageFolder : public Dataset {
 public:
  explicit ImageFolder(const DatasetOptions& options) : root_(options.root) {
    check(options.extra.empty(), "image-folder: expected no options, got \"{}\"",
          options.extra.empty() ? "" : options.extra.begin()->first);
    check_root();
    const Layout layout = layout_of(root_);
    class_names_ = folder_names(root_ / layout.train);
    check_class_count(layout);
    find_pictures(layout.train, Part::train);
    if (!layout.test.empty()) find_pictures(layout.test, Part::test);
    read_pictures(options.strict);
    check_damage();
    check_no_class_is_empty(layout);
    if (layout.test.empty()) carve_test();
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(pictures_.size()); }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  Size image_size(std::int64_t index) const override { return picture(index).size; }
  std::int64_t label(std::int64_t index) const override { return picture(index).label; }
  Part part(std::int64_t index) const override { return picture(index).part; }
  std::string path(std::int64_t index) const override { return picture(index).path; }
  const std::vector<Damaged>& damaged() const override { return damaged_; }
  Image image(std::int64_t index, Box box) const override;

 private:
  const Picture& picture(std::int64_t index) const { return pictures_[static_cast<std::size_t>(index)]; }

  void check_root() const;
  void find_pictures(const std::string& below, Part part);
  void check_class_count(const Layout& layout) const;
  void check_no_class_is_empty(const Layout& layout) const;
  void read_pictures(bool strict);
  void drop_damaged(bool strict);
  void check_damage() const;
  void carve_test();

  fs::path root_;
  std::vector<std::string> class_names_;
  std::vector<Picture> pictures_;
  std::vector<Damaged> damaged_;
};

void ImageFolder::check_root() const {
  constexpr const char* kExpected = "expected a folder that holds one folder of pictures per class";
  std::error_code error;
  const fs::file_status status = fs::status(root_, error);
  check(!root_.empty(), "image-folder: {}, got no path", kExpected);
  check(fs::exists(status), "{}: {}: {}", root_.string(), kExpected, error.message());
  check(fs::is_directory(status), "{}: {}, got a file", root_.string(), kExpected);
}

void ImageFolder::find_pictures(const std::string& below, Part part) {
  for (const std::string& name : folder_names(root_ / below)) {
    const auto found = std::find(class_names_.begin(), class_names_.end(), name);
    if (found == class_names_.end())
      fail(ErrorKind::data, "{}: expected a class that train/ has too, got \"{}\"", (root_ / below / name).string(),
           name);
    const int label = static_cast<int>(found - class_names_.begin());
    for (const std::string& file : picture_files(root_ / below / name))
      pictures_.push_back({below + name + "/" + file, label, part});
  }
}

void ImageFolder::check_class_count(const Layout& layout) const {
  const std::string where = (root_ / layout.train).parent_path().string();  // without the last slash
  if (class_names_.empty() && !picture_files(root_).empty())
    fail(ErrorKind::data, "{}: expected one folder per class, found pictures outside of any: sort them into {}", where,
         (root_ / "<class>").string());
  if (class_names_.empty())
    fail(ErrorKind::data, "{}: expected one folder of pictures per class, as {}, found none", where,
         (root_ / "cat" / "1.jpg").string());
  if (class_names_.size() == 1)
    fail(ErrorKind::data, "{}: expected folders of at least 2 classes, found 1 (\"{}\")", where, class_names_[0]);
}

void ImageFolder::check_no_class_is_empty(const Layout& layout) const {
  std::vector<bool> found(class_names_.size());
  for (const Picture& picture : pictures_)
    if (picture.part == Part::train) found[static_cast<std::size_t>(picture.label)] = true;
  for (std::size_t label = 0; label < found.size(); ++label)
    if (!found[label])
      fail(ErrorKind::data, "{}: expected .jpg, .jpeg or .png pictures, found none: add some or remove the folder",
           (root_ / layout.train / class_names_[label]).string());
}

/// Checks every file's header and end. Pictures that fit into kKeptBytes together are decoded once and kept: small
/// ones by the ten thousands would otherwise be decoded in every epoch.
void ImageFolder::read_pictures(bool strict) {
  constexpr std::int64_t kKeptBytes = std::int64_t{1} << 30;
  for_each_picture(pictures_, [this](Picture& picture) {
    picture.size = picture_size(read_picture_file((root_ / picture.path).string()));
  });
  drop_damaged(strict);
  std::int64_t bytes = 0;
  for (const Picture& picture : pictures_) bytes += std::int64_t{3} * picture.size.height * picture.size.width;
  if (bytes > kKeptBytes) return;
  for_each_picture(pictures_, [this](Picture& picture) {
    const Box whole{0, 0, picture.size.height, picture.size.width};
    picture.decoded = decode(read_picture_file((root_ / picture.path).string()), whole);
  });
  drop_damaged(strict);
}

void ImageFolder::drop_damaged(bool strict) {
  for (const Picture& picture : pictures_) {
    if (picture.reason.empty()) continue;
    if (strict) fail(ErrorKind::data, "{}: {}", (root_ / picture.path).string(), picture.reason);
    damaged_.push_back({picture.path, picture.reason});
  }
  std::erase_if(pictures_, [](const Picture& picture) { return !picture.reason.empty(); });
}

/// One damaged picture never stops a run; more than 1 % does.
void ImageFolder::check_damage() const {
  const std::size_t total = pictures_.size() + damaged_.size();
  if (damaged_.size() > 1 && damaged_.size() * 100 > total) {
    std::string examples;
    for (std::size_t i = 0; i < std::min<std::size_t>(3, damaged_.size()); ++i)
      examples += (i == 0 ? "" : "; ") + damaged_[i].path + ": " + damaged_[i].reason;
    fail(ErrorKind::data, "{}: {} of {} pictures are damaged, expected at most 1 %: {}{}", root_.string(),
         damaged_.size(), total, examples, damaged_.size() > 3 ? "; ..." : "");
  }
}

void ImageFolder::carve_test() {
  std::vector<std::vector<Picture*>> classes(class_names_.size());
  for (Picture& picture : pictures_) classes[static_cast<std::size_t>(picture.label)].push_back(&picture);
  for (std::vector<Picture*>& members : classes) {
    std::stable_sort(members.begin(), members.end(),
                     [](const Picture* a, const Picture* b) { return shuffled(a->path) < shuffled(b->path); });
    const std::size_t tests = members.size() < 2 ? 0 : std::max<std::size_t>(1, members.size() / 5);
    for (std::size_t i = 0; i < tests; ++i) members[i]->part = Part::test;
  }
}

Image ImageFolder::image(std::int64_t index, Box box) const {
  const Picture& from = picture(index);
  if (from.decoded.pixels.empty()) try {
      return decode(read_picture_file((root_ / from.path).string()), box);
    } catch (const Error& error) {
      fail(error.kind(), "{}: {}", (root_ / from.path).string(), error.what());
    }
  return cut(from.decoded, box);
}

}  // namespace

}  // namespace s4l::data

S4L_DATASET(image_folder, s4l::data::ImageFolder, "a folder of JPEG and PNG pictures, one folder per class")
