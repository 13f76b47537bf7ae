#include "s4l/data/picture_files.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <thread>

#include "s4l/core/error.h"
#include "s4l/core/rng.h"
#include "s4l/data/cut.h"
#include "s4l/data/decode.h"
#include "s4l/data/in_threads.h"
#include "s4l/data/picture_walk.h"

namespace s4l::data {
namespace {

/// The picture's place in an order that looks random and depends on its path alone.
std::uint64_t shuffled(const std::string& path) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const char c : path) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u;
  Rng rng(hash, Purpose::dataset);
  const std::uint64_t high = rng.next();
  return high << 32 | rng.next();
}

PictureFacts facts_of(const FileTree& tree, const std::string& path) {
  try {
    const Image image = decode_whole(tree.read(path, DecodeLimits().file_bytes));
    return {{image.height, image.width}, content_hash(image), ""};
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) throw;  // the system's refusal says nothing about the file
    return {{}, "", error.what()};
  }
}

}  // namespace

void PictureFiles::open(std::vector<Picture> pictures, std::vector<std::string> class_names) {
  pictures_ = std::move(pictures);
  class_names_ = std::move(class_names);
  check_files();
  drop_damaged();
  std::vector<bool> found(class_names_.size());
  for (const Picture& picture : pictures_)
    if (picture.part == Part::train && picture.label >= 0) found[static_cast<std::size_t>(picture.label)] = true;
  for (std::size_t label = 0; label < found.size(); ++label)
    if (!found[label])
      fail(ErrorKind::data,
           "{}: expected training pictures of every class (.jpg, .png, .bmp, .ppm), found none of \"{}\"{}",
           tree_->root(), class_names_[label],
           damaged().empty() ? "" : "; damaged: " + damaged()[0].path + ": " + damaged()[0].reason);
  std::vector<Size> sizes;
  for (const Picture& picture : pictures_) sizes.push_back(picture.facts.size);
  decoded_ = DecodedCache(sizes, options_.cache_bytes);
}

void PictureFiles::note_unread() {
  if (const std::string unread = unread_pictures(*tree_); !unread.empty())
    note(tree_->root() + ": not read, as their formats are not known: " + unread);
}

void PictureFiles::note_left_out(const std::vector<std::string>& paths) {
  constexpr std::size_t kShown = 3;
  if (paths.empty()) return;
  std::string examples;
  for (std::size_t i = 0; i < std::min(kShown, paths.size()); ++i) examples += (i == 0 ? "" : ", ") + paths[i];
  note(fill_in("{}: left out {} to what is read already: {}{}",
               {tree_->root(), paths.size() == 1 ? "1 link" : to_text(paths.size()) + " links", examples,
                paths.size() > kShown ? ", ..." : ""}));
}

void PictureFiles::check_files() {
  PictureIndex index(options_.cache_folder, *tree_);
  std::vector<std::optional<FileTree::Stamp>> fresh(pictures_.size());
  in_threads(pictures_.size(), [&](std::size_t i) {
    Picture& picture = pictures_[i];
    if (!picture.facts.reason.empty()) return;
    try {
      const FileTree::Stamp stamp = tree_->stamp(picture.path);
      const PictureFacts* known = index.find(picture.path, stamp);
      picture.facts = known != nullptr ? *known : facts_of(*tree_, picture.path);
      if (known == nullptr) fresh[i] = stamp;
    } catch (const std::exception& error) {
      picture.facts.reason = error.what();
    }
  });
  for (std::size_t i = 0; i < fresh.size(); ++i)
    if (fresh[i]) index.put(pictures_[i].path, *fresh[i], pictures_[i].facts);
  const bool any = std::any_of(fresh.begin(), fresh.end(), [](const auto& stamp) { return stamp.has_value(); });
  if (any) index.save();
}

void PictureFiles::drop_damaged() {
  const std::size_t total = pictures_.size();
  for (const Picture& picture : pictures_) {
    if (picture.facts.reason.empty()) continue;
    const std::string reason = (picture.place.empty() ? "" : picture.place + ": ") + picture.facts.reason;
    if (options_.strict) fail(ErrorKind::data, "{}/{}: {}", tree_->root(), picture.path, reason);
    damaged_.push_back({picture.path, reason});
  }
  check_damaged(damaged_, total, options_.max_damaged, tree_->root());
  std::erase_if(pictures_, [](const Picture& picture) { return !picture.facts.reason.empty(); });
}

void PictureFiles::carve_test() {
  std::vector<std::vector<Picture*>> classes(class_names_.size());
  for (Picture& picture : pictures_)
    if (picture.label >= 0 && picture.part == Part::train)
      classes[static_cast<std::size_t>(picture.label)].push_back(&picture);
  for (std::vector<Picture*>& members : classes) {
    std::stable_sort(members.begin(), members.end(),
                     [](const Picture* a, const Picture* b) { return shuffled(a->path) < shuffled(b->path); });
    const std::size_t tests = members.size() < 2 ? 0 : std::max<std::size_t>(1, members.size() / 5);
    for (std::size_t i = 0; i < tests; ++i) members[i]->part = Part::test;
  }
}

/// The file's bytes. Storage that fails for a moment is asked again, three times; then the picture counts as damaged.
std::vector<std::uint8_t> PictureFiles::read(const std::string& path) const {
  constexpr std::array<int, 3> kWaitMs{10, 40, 160};
  for (const int wait : kWaitMs) try {
      return tree_->read(path, DecodeLimits().file_bytes);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::io) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(wait));
    }
  try {
    return tree_->read(path, DecodeLimits().file_bytes);
  } catch (const Error& error) {
    fail(ErrorKind::data, "{}", error.what());
  }
}

Image PictureFiles::image(std::int64_t index, Box box) const {
  const Picture& from = picture(index);
  try {
    if (!decoded_.keeps(index)) return decode(read(from.path), box);
    std::shared_ptr<const Image> whole = decoded_.find(index);
    if (whole == nullptr) {
      whole = std::make_shared<const Image>(decode_whole(read(from.path)));
      decoded_.put(index, whole);
    }
    return cut(*whole, box);
  } catch (const Error& error) {
    fail(error.kind(), "{}/{}: {}", tree_->root(), from.path, error.what());
  }
}

}  // namespace s4l::data
