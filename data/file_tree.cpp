#include "s4l/data/file_tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

#include "s4l/core/error.h"
#include "s4l/core/io/file.h"
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
      if (name[0] != '.')
        entries.push_back({std::move(name), place->is_directory(broken_link), place->is_symlink(broken_link)});
    }
    if (error) fail(ErrorKind::io, "{}: expected a readable folder: {}", on_disk(folder), error.message());
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
    return entries;
  }

  std::string identity(const std::string& path) const override {
    struct stat status {};
    if (::stat(on_disk(path).c_str(), &status) != 0) return "";
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
  }

  Stamp stamp(const std::string& path) const override { return stamp_of(on_disk(path)); }

  std::vector<std::uint8_t> read(const std::string& path, std::int64_t most) const override {
    return read_regular_file(on_disk(path), most);
  }

 private:
  std::string on_disk(const std::string& path) const { return (fs::path(root()) / path).string(); }
};

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

}  // namespace s4l::data
