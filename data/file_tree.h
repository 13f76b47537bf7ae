#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace s4l::data {

/// The files below one place, by paths such as "train/cat/1.jpg" that are relative to it: a folder, or a tar archive
/// that is read where it lies. Read only; may be used by several threads.
class FileTree {
 public:
  struct Entry {
    std::string name;
    bool is_folder = false;
    bool is_link = false;  ///< to a folder or file
  };
  /// What tells whether a file has changed without reading it.
  struct Stamp {
    std::uint64_t bytes = 0;
    std::int64_t changed = 0;  ///< ns since 1970
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  explicit FileTree(std::string root) : root_(std::move(root)) {}
  virtual ~FileTree() = default;
  FileTree(const FileTree&) = delete;
  FileTree& operator=(const FileTree&) = delete;

  /// The place as it was given to open_tree.
  const std::string& root() const { return root_; }
  /// What lies right in `folder` ("" is the root) and is not hidden, sorted by bytes. Throws Error(io).
  virtual std::vector<Entry> entries(const std::string& folder) const = 0;
  /// The same for two paths that lead to one folder or file; empty where there is none.
  virtual std::string identity(const std::string& path) const = 0;
  /// Throws Error(io) where there is no such file, Error(data) where it is no regular file.
  virtual Stamp stamp(const std::string& path) const = 0;
  /// All bytes of a file; throws as stamp() does, and Error(data) where they are more than `most`.
  virtual std::vector<std::uint8_t> read(const std::string& path, std::int64_t most) const = 0;

 private:
  std::string root_;
};

/// The tree of a folder or of an uncompressed .tar file; throws Error(io) or Error(data) naming the path.
std::unique_ptr<FileTree> open_tree(const std::string& path);

/// All bytes of a file on disk; throws as FileTree::read() does.
std::vector<std::uint8_t> read_regular_file(const std::string& path, std::int64_t most);

/// The names of the folders, or of the files, right in `folder`.
std::vector<std::string> folder_names(const FileTree& tree, const std::string& folder);
std::vector<std::string> file_names(const FileTree& tree, const std::string& folder);

}  // namespace s4l::data
