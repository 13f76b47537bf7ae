#include "s4l/data/manifest_header.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "s4l/core/error.h"
#include "s4l/data/csv.h"
#include "s4l/data/file_tree.h"

namespace s4l::data {
namespace {

std::size_t column(const std::vector<std::string>& fields, std::initializer_list<const char*> names) {
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (std::find(names.begin(), names.end(), fields[i]) != names.end()) return i;
  return ManifestHeader::kNone;
}

}  // namespace

std::optional<ManifestHeader> manifest_header(const std::vector<std::string>& fields) {
  const ManifestHeader header{column(fields, {"path", "file", "filename", "image"}), column(fields, {"label", "class"}),
                              column(fields, {"split", "part"})};
  if (header.path == ManifestHeader::kNone || header.label == ManifestHeader::kNone) return {};
  return header;
}

bool begins_as_manifest(const FileTree& tree, const std::string& table) {
  const std::vector<std::uint8_t> bytes = tree.read(table, kMostManifestBytes);
  const std::string_view text = without_byte_order_mark({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  try {
    const std::vector<CsvRow> rows = parse_csv(text.substr(0, text.find('\n')));
    return !rows.empty() && manifest_header(rows[0].fields) &&
           column(rows[0].fields, {"role", "confidence"}) == ManifestHeader::kNone;  // a split, a model's answers
  } catch (const Error&) {  // of another table, which is not ours to judge
    return false;
  }
}

}  // namespace s4l::data
