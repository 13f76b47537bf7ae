#include "s4l/data/picture_index.h"

#include <charconv>
#include <filesystem>

#include "s4l/core/error.h"
#include "s4l/core/io/file.h"
#include "s4l/core/io/sha256.h"
#include "s4l/data/csv.h"

namespace s4l::data {
namespace {

constexpr const char* kFormat = "s4l picture index 1";  // a new number whenever decoding or its limits change
constexpr std::size_t kFields = 7;

template <class T>
T number(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    fail(ErrorKind::data, "picture index: expected a number, got \"{}\"", text);
  return value;
}

}  // namespace

PictureIndex::PictureIndex(const std::string& folder, const FileTree& tree) {
  if (folder.empty()) return;
  std::error_code error;
  title_ = std::filesystem::canonical(tree.root(), error).string();
  file_ = folder + "/pictures/" + io::sha256(title_).substr(0, 16) + ".csv";
  try {
    load();
  } catch (const Error&) {
    rows_.clear();  // absent or damaged: it is made anew
  }
}

void PictureIndex::load() {
  parse_csv(io::read_file(file_), [&](CsvRow& row) {
    std::vector<std::string>& f = row.fields;
    if (row.line == 1 && f != std::vector<std::string>{kFormat, title_})
      fail(ErrorKind::data, "picture index: expected that of {}", title_);
    if (row.line == 1) return;
    if (f.size() != kFields) fail(ErrorKind::data, "picture index: expected {} fields, got {}", kFields, f.size());
    rows_[f[0]] = {{number<std::uint64_t>(f[1]), number<std::int64_t>(f[2])},
                   {{number<int>(f[3]), number<int>(f[4])}, std::move(f[5]), std::move(f[6])}};
  });
}

const PictureFacts* PictureIndex::find(const std::string& path, const FileTree::Stamp& stamp) const {
  const auto found = rows_.find(path);
  return found == rows_.end() || !(found->second.stamp == stamp) ? nullptr : &found->second.facts;
}

void PictureIndex::put(const std::string& path, const FileTree::Stamp& stamp, PictureFacts facts) {
  rows_[path] = {stamp, std::move(facts)};
}

void PictureIndex::save() const {
  if (file_.empty()) return;
  std::string csv = std::string(kFormat) + "," + csv_field(title_) + "\n";
  for (const auto& [path, row] : rows_) {
    csv += csv_field(path);
    for (const std::string& field :
         {to_text(row.stamp.bytes), to_text(row.stamp.changed), to_text(row.facts.size.height),
          to_text(row.facts.size.width), row.facts.hash, csv_field(row.facts.reason)})
      csv += ',' + field;
    csv += '\n';
  }
  try {
    io::make_folder(std::filesystem::path(file_).parent_path().string());
    io::save_atomically(file_, csv);
  } catch (const Error&) {  // a home that cannot be written costs the next run's time, nothing else
  }
}

}  // namespace s4l::data
