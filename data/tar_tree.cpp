#include <algorithm>
#include <map>

#include "s4l/core/error.h"
#include "s4l/core/io/file.h"
#include "s4l/data/tar.h"

namespace s4l::data {
namespace {

bool has_hidden_part(const std::string& path) { return path[0] == '.' || path.find("/.") != path.npos; }

/// The folder that holds everything, with its slash, or nothing.
std::string common_folder(const std::vector<TarFile>& files) {
  if (files.empty()) return "";
  const std::string folder = files[0].path.substr(0, files[0].path.find('/') + 1);
  if (folder == "train/" || folder == "val/" || folder == "test/") return "";
  const bool common =
      std::all_of(files.begin(), files.end(), [&](const TarFile& file) { return file.path.starts_with(folder); });
  return common ? folder : "";
}

class TarTree final : public FileTree {
 public:
  explicit TarTree(const std::string& path) : FileTree(path), archive_(path) {
    std::vector<TarFile> files;
    try {
      files =
          tar_files([this](std::uint64_t offset, void* to, std::size_t count) { archive_.read_at(offset, to, count); },
                    archive_.size());
    } catch (const Error& error) {
      fail(error.kind(), "{}: {}", path, error.what());
    }
    std::erase_if(files, [](const TarFile& file) { return has_hidden_part(file.path); });
    const std::size_t skip = common_folder(files).size();
    for (const TarFile& file : files) add(file, file.path.substr(skip));
  }

  std::vector<Entry> entries(const std::string& folder) const override {
    const auto found = folders_.find(folder.ends_with('/') ? folder.substr(0, folder.size() - 1) : folder);
    if (found == folders_.end()) fail(ErrorKind::io, "{}: expected the folder \"{}\" in it", root(), folder);
    std::vector<Entry> entries;
    for (const auto& [name, is_folder] : found->second) entries.push_back({name, is_folder});
    return entries;
  }
  std::string identity(const std::string& path) const override { return path; }
  Stamp stamp(const std::string& path) const override { return {file(path).bytes, archive_.changed()}; }

  std::vector<std::uint8_t> read(const std::string& path, std::int64_t most) const override {
    const TarFile& from = file(path);
    if (from.bytes > static_cast<std::uint64_t>(most))
      fail(ErrorKind::data, "expected a file of at most {} bytes, got {}", most, from.bytes);
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(from.bytes));
    archive_.read_at(from.offset, bytes.data(), bytes.size());
    return bytes;
  }

 private:
  void add(const TarFile& file, const std::string& path) {
    files_.insert_or_assign(path, file);
    for (std::size_t end = path.size(); end != path.npos;) {  // the file in its folder, that in its own, ...
      const std::size_t slash = end == 0 ? path.npos : path.rfind('/', end - 1);
      const std::size_t name = slash == path.npos ? 0 : slash + 1;
      folders_[slash == path.npos ? "" : path.substr(0, slash)][path.substr(name, end - name)] |= end != path.size();
      end = slash;
    }
  }

  const TarFile& file(const std::string& path) const {
    const auto found = files_.find(path);
    if (found == files_.end()) fail(ErrorKind::io, "expected a file in the archive, there is none of this name");
    return found->second;
  }

  io::InputFile archive_;
  std::map<std::string, TarFile> files_;                                  // by path
  std::map<std::string, std::map<std::string, bool>> folders_{{"", {}}};  // names in each, and whether they are folders
};

}  // namespace

bool is_tar(const std::string& path) {
  std::string suffix = path.substr(path.size() - std::min<std::size_t>(4, path.size()));
  for (char& c : suffix) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return suffix == ".tar";
}

std::unique_ptr<FileTree> open_tar(const std::string& path) { return std::make_unique<TarTree>(path); }

}  // namespace s4l::data
