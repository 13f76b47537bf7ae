#include "s4l/data/picture_walk.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "s4l/data/decode.h"

namespace s4l::data {
namespace {

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? "" : path.substr(0, slash);
}

std::string joined(const std::string& folder, const std::string& name) {
  return folder.empty() ? name : folder + "/" + name;
}

/// One way through the tree for all folders that are read. What is reached without a link is entered first, so that
/// no link to it can come before.
class Walk {
 public:
  using IsWanted = bool (*)(const std::string& name);
  Walk(const FileTree& tree, IsWanted is_wanted) : tree_(tree), is_wanted_(is_wanted) {}

  PicturesBelow below(const std::vector<std::string>& folders) {
    for (const std::string& folder : folders)  // a link to what holds them all would read everything again
      for (std::string above = folder; !above.empty();) entered_.insert(tree_.identity(above = parent_of(above)));
    std::vector<std::string> real;
    for (const std::string& folder : folders)
      is_behind_link(folder) ? links_.push_back({folder, folder}) : real.push_back(folder);
    for (const std::string& folder : real) enter(folder, folder);
    for (std::size_t i = 0; i < links_.size(); ++i) {  // entering one may find others
      const Place link = links_[i];
      enter(link.path, link.start);
    }
    add_linked_files();
    for (auto& [folder, files] : found_.files) std::sort(files.begin(), files.end());
    return std::move(found_);
  }

 private:
  struct Place {
    std::string path, start;  ///< where it lies; below which of the folders
  };

  bool is_behind_link(const std::string& path) {
    for (std::string at = path; !at.empty(); at = parent_of(at)) {
      const auto [known, is_new] = links_in_.try_emplace(parent_of(at));
      if (is_new)
        for (const FileTree::Entry& entry : tree_.entries(known->first))
          if (entry.is_link) known->second.insert(joined(known->first, entry.name));
      if (known->second.contains(at)) return true;
    }
    return false;
  }

  void enter(const std::string& folder, const std::string& start) {
    if (!entered_.insert(tree_.identity(folder)).second) {
      found_.left_out.push_back(folder);
      return;
    }
    if (folder == start) found_.files[start];
    for (const FileTree::Entry& entry : tree_.entries(folder)) {
      const Place place{joined(folder, entry.name), start};
      if (is_wanted_(entry.name))
        entry.is_link ? linked_files_.push_back(place) : add(place);
      else if (entry.is_folder)
        entry.is_link ? links_.push_back(place) : enter(place.path, start);
    }
  }

  void add(const Place& file) {
    const std::size_t skip = file.start.empty() ? 0 : file.start.size() + 1;
    found_.files[file.start].push_back(file.path.substr(skip));
  }

  void add_linked_files() {
    if (linked_files_.empty()) return;
    std::set<std::string> files;
    for (const auto& [folder, names] : found_.files)
      for (const std::string& name : names) files.insert(tree_.identity(joined(folder, name)));
    for (const Place& link : linked_files_) {
      const std::string target = tree_.identity(link.path);
      if (target.empty() || files.insert(target).second)  // a link to nothing is a damaged picture
        add(link);
      else
        found_.left_out.push_back(link.path);
    }
  }

  const FileTree& tree_;
  IsWanted is_wanted_;
  std::map<std::string, std::set<std::string>> links_in_;  ///< by folder
  std::set<std::string> entered_;
  std::vector<Place> links_, linked_files_;
  PicturesBelow found_;
};

/// The suffix of a format that cameras and web sites use and that is not read, in lower case; else nothing.
std::string unread_suffix(const std::string& name) {
  constexpr std::array<std::string_view, 10> kSuffixes{".heic", ".heif", ".webp", ".gif", ".tif",
                                                       ".tiff", ".avif", ".jp2",  ".dng", ".svg"};
  std::string suffix = name.substr(std::min(name.rfind('.'), name.size()));
  for (char& c : suffix) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::find(kSuffixes.begin(), kSuffixes.end(), suffix) == kSuffixes.end() ? "" : suffix;
}

}  // namespace

PicturesBelow pictures_below(const FileTree& tree, const std::vector<std::string>& folders) {
  return Walk(tree, has_picture_suffix).below(folders);
}

std::vector<std::string> picture_files(const FileTree& tree, const std::string& folder) {
  return pictures_below(tree, {folder}).files.at(folder);
}

std::string unread_pictures(const FileTree& tree) {
  Walk walk(tree, [](const std::string& name) { return !unread_suffix(name).empty(); });
  const PicturesBelow found = walk.below({""});
  std::map<std::string, int> counts;
  for (const std::string& file : found.files.at("")) ++counts[unread_suffix(file)];
  std::string text;
  for (const auto& [suffix, count] : counts) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + suffix;
  return text;
}

}  // namespace s4l::data
