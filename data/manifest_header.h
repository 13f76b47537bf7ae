#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace s4l::data {

class FileTree;

/// A longer table is refused before it is read.
inline constexpr std::int64_t kMostManifestBytes = std::int64_t{1} << 30;

/// Where the columns of a table of pictures stand: path (or file, filename, image), label (or class) and, if there is
/// one, split (or part).
struct ManifestHeader {
  static constexpr std::size_t kNone = ~std::size_t{0};
  std::size_t path = kNone, label = kNone, split = kNone;
};

/// Nothing where `fields` name no path or no label.
std::optional<ManifestHeader> manifest_header(const std::vector<std::string>& fields);
/// True where the file `table` begins with such a header. The choice that `s4l split` writes, which has roles instead
/// of splits, is no table of pictures to train on.
bool begins_as_manifest(const FileTree& tree, const std::string& table);

}  // namespace s4l::data
