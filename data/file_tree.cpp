#include "s4l/data/file_tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>
#include <system_error>

#include "s4l/core/error.h"
#include "s4l/core/io/file.h"
#include "s4l/data/decode.h"
#include "s4l/data/tar.h"

namespace s4l::data {
namespace {

namespace fs = std::filesystem;

FileTree::Stamp stamp_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) fail(ErrorKind::io, "open: {}", std::strerror(errno));
  if (!S_ISREG(status.st_mode)) fail(ErrorKind::data, "expected a file, got a folder or device");
  return {static_cast<std::uint64_t>(status.st_size),
          std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

class FolderTree final : public FileTree {
 public:
  using FileTree::FileTree;

  std::vector<Entry> entries(const std::string& folder) const override {
    std::vector<Entry> entries;
    std::error_code error;
    fs::directory_iterator place(on_disk(folder), error);
    for (; !error && place != fs::directory_iterator(); place.increment(error)) {
      std::string name = place->path().filename().string();
      std::error_code broken_link;
      if (name[0] != '.') entries.push_back({std::move(name), place->is_directory(broken_link)});
    }
    if (error) fail(ErrorKind::io, "{}: expected a readable folder: {}", on_disk(folder), error.message());
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
    return entries;
  }

  std::string identity(const std::string& folder) const override {
    std::error_code vanished;
    return fs::canonical(on_disk(folder), vanished).string();
  }

  Stamp stamp(const std::string& path) const override { return stamp_of(on_disk(path)); }

  std::vector<std::uint8_t> read(const std::string& path, std::int64_t most) const override {
    return read_regular_file(on_disk(path), most);
  }

 private:
  std::string on_disk(const std::string& path) const { return (fs::path(root()) / path).string(); }
};

/// Everything below a folder whose name is wanted.
struct Walk {
  const FileTree& tree;
  bool (*wanted)(const std::string& name);
  std::set<std::string> entered{};
  std::vector<std::string> files{};

  void into(const std::string& folder, const std::string& prefix) {
    const std::vector<FileTree::Entry> entries = tree.entries(folder);
    if (!entered.insert(tree.identity(folder)).second) return;
    for (const FileTree::Entry& entry : entries) {
      const std::string path = prefix + entry.name;
      if (wanted(entry.name))
        files.push_back(path);
      else if (entry.is_folder)
        into(folder.empty() ? entry.name : folder + "/" + entry.name, path + "/");
    }
  }
};

/// The suffix of a format that cameras and web sites use and that is not read, in lower case; else nothing.
std::string unread_suffix(const std::string& name) {
  constexpr std::array<std::string_view, 10> kSuffixes{".heic", ".heif", ".webp", ".gif", ".tif",
                                                       ".tiff", ".avif", ".jp2",  ".dng", ".svg"};
  std::string suffix = name.substr(std::min(name.rfind('.'), name.size()));
  for (char& c : suffix) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return std::find(kSuffixes.begin(), kSuffixes.end(), suffix) == kSuffixes.end() ? "" : suffix;
}

std::vector<std::string> names_of(const FileTree& tree, const std::string& folder, bool folders) {
  std::vector<std::string> names;
  for (FileTree::Entry& entry : tree.entries(folder))
    if (entry.is_folder == folders) names.push_back(std::move(entry.name));
  return names;
}

}  // namespace

std::unique_ptr<FileTree> open_tree(const std::string& path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) fail(ErrorKind::io, "{}: expected a folder or a .tar file: {}", path, error.message());
  if (fs::is_directory(status)) return std::make_unique<FolderTree>(path);
  if (is_tar(path)) return open_tar(path);
  fail(ErrorKind::usage, "{}: expected a folder or an uncompressed .tar file, got another file", path);
}

std::vector<std::uint8_t> read_regular_file(const std::string& path, std::int64_t most) {
  const FileTree::Stamp stamp = stamp_of(path);
  if (stamp.bytes > static_cast<std::uint64_t>(most))
    fail(ErrorKind::data, "expected a file of at most {} bytes, got {}", most, stamp.bytes);
  const io::InputFile file(path);
  std::vector<std::uint8_t> bytes(stamp.bytes);
  file.read_at(0, bytes.data(), bytes.size());
  return bytes;
}

std::vector<std::string> folder_names(const FileTree& tree, const std::string& folder) {
  return names_of(tree, folder, true);
}

std::vector<std::string> file_names(const FileTree& tree, const std::string& folder) {
  return names_of(tree, folder, false);
}

std::vector<std::string> picture_files(const FileTree& tree, const std::string& folder) {
  Walk walk{tree, has_picture_suffix};
  walk.into(folder.ends_with('/') ? folder.substr(0, folder.size() - 1) : folder, "");
  std::sort(walk.files.begin(), walk.files.end());
  return std::move(walk.files);
}

std::string unread_pictures(const FileTree& tree) {
  Walk walk{tree, [](const std::string& name) { return !unread_suffix(name).empty(); }};
  walk.into("", "");
  std::map<std::string, int> counts;
  for (const std::string& file : walk.files) ++counts[unread_suffix(file)];
  std::string text;
  for (const auto& [suffix, count] : counts) text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + suffix;
  return text;
}

}  // namespace s4l::data
