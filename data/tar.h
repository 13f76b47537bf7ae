#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "s4l/data/file_tree.h"

namespace s4l::data {

/// A regular file of an archive, and where its bytes lie.
struct TarFile {
  std::string path;
  std::uint64_t offset = 0, bytes = 0;
};

/// Reads `count` bytes at `offset` of an archive.
using ReadAt = std::function<void(std::uint64_t offset, void* to, std::size_t count)>;
/// The regular files of an archive of `size` bytes (ustar, GNU and pax names), in its order; a path that comes twice
/// counts as the later one has it, as tar unpacks. Only headers are read. Throws Error(data) naming the byte of a
/// header that is damaged and the file that reaches beyond the archive's end.
std::vector<TarFile> tar_files(const ReadAt& read_at, std::uint64_t size);

/// True where `path` ends in .tar, in any case.
bool is_tar(const std::string& path);
/// The tree of an archive. A single folder that holds everything, unless it is train, val or test, is left out of the
/// paths, as archives are usually made of a folder; hidden files and files in hidden folders are left out.
std::unique_ptr<FileTree> open_tar(const std::string& path);

}  // namespace s4l::data
