#include "s4l/data/collection.h"

#include <algorithm>
#include <filesystem>
#include <unordered_set>

#include "s4l/core/error.h"
#include "s4l/data/picture_files.h"
#include "s4l/data/picture_walk.h"

namespace s4l::data {
namespace {

constexpr std::size_t kShown = 3;

/// Every picture below a folder or in a .tar file, none with a label.
class UnlabelledPictures final : public PictureFiles {
 public:
  UnlabelledPictures(const std::string& place, const DatasetOptions& options)
      : PictureFiles(open_tree(place), options) {
    PicturesBelow found = pictures_below(tree(), {""});
    std::vector<Picture> pictures;
    for (std::string& path : found.files.at("")) pictures.push_back({std::move(path)});
    if (pictures.empty()) fail(ErrorKind::data, "--unlabeled {}: expected pictures in it, found none", place);
    note_left_out(found.left_out);
    note_unread();
    open(std::move(pictures), {});
  }
};

/// Pictures of several data sets as one; classes are the first one's.
class Collection final : public Dataset {
 public:
  struct Member {
    std::string prefix;  ///< of its pictures' paths
    std::unique_ptr<Dataset> dataset;
  };
  explicit Collection(std::vector<Member> members);

  std::int64_t size() const override { return static_cast<std::int64_t>(rows_.size()); }
  const std::vector<std::string>& class_names() const override { return members_[0].dataset->class_names(); }
  Size image_size(std::int64_t i) const override { return of(i).image_size(row(i).index); }
  Image image(std::int64_t i, Box box) const override { return of(i).image(row(i).index, box); }
  std::int64_t label(std::int64_t i) const override { return of(i).label(row(i).index); }
  Part part(std::int64_t i) const override { return of(i).part(row(i).index); }
  std::string path(std::int64_t i) const override { return members_[row(i).member].prefix + of(i).path(row(i).index); }
  std::string content_hash(std::int64_t i) const override { return of(i).content_hash(row(i).index); }
  const std::vector<Damaged>& damaged() const override { return damaged_; }
  const std::vector<std::string>& notes() const override { return notes_; }

 private:
  struct Row {
    std::size_t member;
    std::int64_t index;
  };
  const Row& row(std::int64_t i) const { return rows_[static_cast<std::size_t>(i)]; }
  const Dataset& of(std::int64_t i) const { return *members_[row(i).member].dataset; }
  void drop_test_pictures();

  std::vector<Member> members_;
  std::vector<Row> rows_;
  std::vector<Damaged> damaged_;
  std::vector<std::string> notes_;
};

Collection::Collection(std::vector<Member> members) : members_(std::move(members)) {
  for (std::size_t m = 0; m < members_.size(); ++m) {
    const Dataset& dataset = *members_[m].dataset;
    for (std::int64_t i = 0; i < dataset.size(); ++i) rows_.push_back({m, i});
    for (const Damaged& one : dataset.damaged()) damaged_.push_back({members_[m].prefix + one.path, one.reason});
    notes_.insert(notes_.end(), dataset.notes().begin(), dataset.notes().end());
  }
  drop_test_pictures();
}

void Collection::drop_test_pictures() {
  std::unordered_set<std::string> tests;
  for (std::int64_t i = 0; i < size(); ++i)
    if (part(i) == Part::test) tests.insert(content_hash(i));
  std::vector<Row> kept;
  std::string examples;
  std::size_t dropped = 0;
  for (std::int64_t i = 0; i < size(); ++i) {
    if (label(i) >= 0 || part(i) == Part::test || !tests.contains(content_hash(i)))
      kept.push_back(row(i));
    else if (dropped++ < kShown)
      examples += (examples.empty() ? "" : ", ") + path(i);
  }
  if (dropped == 0) return;
  notes_.push_back(fill_in("left out: {} of the unlabelled pictures, which are test pictures, too: {}{}",
                           {to_text(dropped), examples, dropped > kShown ? ", ..." : ""}));
  rows_ = std::move(kept);
}

/// "photos" of "my/photos/" or "my/photos.tar", with a number where another place is called so, too.
std::string prefix_of(const std::string& place, const std::vector<Collection::Member>& before) {
  const std::filesystem::path path = std::filesystem::path(place).lexically_normal();
  const std::string name = path.has_filename() ? path.stem().string() : path.parent_path().filename().string();
  std::string prefix = "unlabeled:" + name + "/";
  const auto taken = [&](const Collection::Member& member) { return member.prefix == prefix; };
  for (int number = 2; std::any_of(before.begin(), before.end(), taken); ++number)
    prefix = "unlabeled:" + name + "-" + std::to_string(number) + "/";
  return prefix;
}

bool has_unlabelled(const Dataset& dataset) {
  for (std::int64_t i = 0; i < dataset.size(); ++i)
    if (dataset.label(i) < 0 && dataset.part(i) == Part::train) return true;
  return false;
}

}  // namespace

std::unique_ptr<Dataset> with_unlabelled(std::unique_ptr<Dataset> base, const DatasetOptions& options) {
  if (options.unlabeled.empty() && !has_unlabelled(*base)) return base;
  std::vector<Collection::Member> members;
  members.push_back({"", std::move(base)});
  for (const std::string& place : options.unlabeled) {
    std::string prefix = prefix_of(place, members);
    members.push_back({std::move(prefix), std::make_unique<UnlabelledPictures>(place, options)});
  }
  return std::make_unique<Collection>(std::move(members));
}

}  // namespace s4l::data
