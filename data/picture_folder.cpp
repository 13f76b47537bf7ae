#include "s4l/data/picture_folder.h"

#include <algorithm>
#include <set>
#include <system_error>

#include "s4l/core/error.h"
#include "s4l/data/decode.h"

namespace s4l::data {
namespace {

namespace fs = std::filesystem;

struct Entry {
  std::string name;
  bool is_folder;
};

/// What is in `folder` and not hidden, sorted by name.
std::vector<Entry> entries_of(const fs::path& folder) {
  std::vector<Entry> entries;
  std::error_code error;
  fs::directory_iterator place(folder, error);
  for (; !error && place != fs::directory_iterator(); place.increment(error)) {
    std::string name = place->path().filename().string();
    std::error_code broken_link;
    if (name[0] != '.') entries.push_back({std::move(name), place->is_directory(broken_link)});
  }
  if (error) fail(ErrorKind::io, "{}: expected a readable folder: {}", folder.string(), error.message());
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

struct Walk {
  std::set<fs::path> entered;
  std::vector<std::string> files;

  void into(const fs::path& folder, const std::string& prefix) {
    const std::vector<Entry> entries = entries_of(folder);
    std::error_code vanished;
    if (!entered.insert(fs::canonical(folder, vanished)).second) return;
    for (const Entry& entry : entries) {
      const std::string path = prefix + entry.name;
      if (has_picture_suffix(entry.name))
        files.push_back(path);
      else if (entry.is_folder)
        into(folder / entry.name, path + "/");
    }
  }
};

}  // namespace

std::vector<std::string> folder_names(const fs::path& folder) {
  std::vector<std::string> names;
  for (Entry& entry : entries_of(folder))
    if (entry.is_folder) names.push_back(std::move(entry.name));
  return names;
}

std::vector<std::string> picture_files(const fs::path& folder) {
  Walk walk;
  walk.into(folder, "");
  std::sort(walk.files.begin(), walk.files.end());
  return std::move(walk.files);
}

}  // namespace s4l::data
