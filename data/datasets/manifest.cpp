// A table of pictures: a CSV file with the columns path, label and split, in any order; others are ignored. Paths are
// relative to its folder. An empty label, or the split "unlabeled", means no label; without the column split, or where
// it names no test picture, about every 5th picture of a class is one.
#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <set>

#include "s4l/core/error.h"
#include "s4l/data/csv.h"
#include "s4l/data/manifest_header.h"
#include "s4l/data/picture_files.h"
#include "s4l/data/recognise.h"

namespace s4l::data {
namespace {

namespace fs = std::filesystem;

enum class Role { train, val, test, unlabeled, wrong };

Role role_from(const std::string& text) {
  if (text.empty() || text == "train" || text == "training") return Role::train;
  if (text == "val" || text == "valid" || text == "validation") return Role::val;
  if (text == "test") return Role::test;
  return text == "unlabeled" || text == "unlabelled" ? Role::unlabeled : Role::wrong;
}

/// A folder or archive, and the table in it.
struct Place {
  std::string tree, table;
};

Place place_of(const DatasetOptions& options) {
  check(!options.root.empty(), "manifest: expected a CSV file with the columns path,label,split, got no path");
  if (is_csv(options.root)) {
    const fs::path file(options.root);
    return {file.has_parent_path() ? file.parent_path().string() : ".", file.filename().string()};
  }
  std::vector<std::string> tables = file_names(*open_tree(options.root), "");
  std::erase_if(tables, [](const std::string& name) { return !is_csv(name); });
  if (tables.size() != 1)
    fail(ErrorKind::data, "{}: expected one .csv file in it, found {}", options.root, tables.size());
  return {options.root, tables[0]};
}

ManifestHeader header_of(const CsvRow& row, const std::string& table) {
  const std::optional<ManifestHeader> header = manifest_header(row.fields);
  if (!header)
    fail(ErrorKind::data, "{} line 1: expected a header with the columns path, label and, if you like, split", table);
  return *header;
}

struct Line {
  std::int64_t number;
  std::string path, label, reason;
  Role role;
};

/// The class names that the option `classes` gives: "10" (labels 0 to 9) or "cat,dog".
std::vector<std::string> classes_from(const std::string& text) {
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc() && end == text.data() + text.size() && count >= 2 && count <= 1'000'000) {
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back(std::to_string(i));
    return names;
  }
  const std::vector<CsvRow> rows = parse_csv(text);
  check(rows.size() == 1 && rows[0].fields.size() >= 2,
        "manifest: classes: expected a number of at least 2 or names with commas between, got \"{}\"", text);
  return rows[0].fields;
}

class Manifest final : public PictureFiles {
 public:
  explicit Manifest(const DatasetOptions& options) : Manifest(options, place_of(options)) {}

 private:
  Manifest(const DatasetOptions& options, const Place& place)
      : PictureFiles(open_tree(place.tree), options), table_(place.table) {
    std::vector<std::string> classes;
    for (const auto& [name, value] : options.extra) {
      check(name == "classes", "manifest: expected the option classes, got \"{}\"", name);
      classes = classes_from(value);
    }
    const std::vector<Line> lines = read();
    if (classes.empty()) classes = classes_in(lines);
    const bool has_test = std::any_of(lines.begin(), lines.end(), [](const Line& l) { return l.role == Role::test; });
    const bool has_val = std::any_of(lines.begin(), lines.end(), [](const Line& l) { return l.role == Role::val; });
    if (has_test && has_val) note("the split val is not used: validation is carved from the labels");
    std::vector<Picture> pictures;
    for (const Line& line : lines)
      if (!has_test || line.role != Role::val) pictures.push_back(picture_of(line, classes));
    open(std::move(pictures), classes);
    if (!has_test && !has_val) carve_test();
  }

  std::vector<Line> read() const;
  std::vector<std::string> classes_in(const std::vector<Line>& lines) const;
  static Picture picture_of(const Line& line, const std::vector<std::string>& classes);

  std::string table_;
};

std::vector<Line> Manifest::read() const {
  const std::vector<std::uint8_t> bytes = tree().read(table_, kMostManifestBytes);
  const std::string_view text = without_byte_order_mark({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  std::vector<Line> lines;
  std::optional<ManifestHeader> columns;
  std::set<std::string> seen;
  parse_csv(text, [&](CsvRow& row) {
    if (!columns) {
      columns = header_of(row, table_);
      return;
    }
    if (row.fields.size() == 1 && row.fields[0].empty()) return;
    const auto field = [&](std::size_t at) { return at < row.fields.size() ? row.fields[at] : ""; };
    Line line{row.line, field(columns->path), field(columns->label), "", role_from(field(columns->split))};
    if (line.role == Role::wrong)
      fail(ErrorKind::data, "{} line {}: expected the split train, val, test or unlabeled, got \"{}\"", table_,
           row.line, field(columns->split));
    if (!seen.insert(line.path).second)
      fail(ErrorKind::data, "{} line {}: expected each picture once, got \"{}\" again", table_, row.line, line.path);
    lines.push_back(std::move(line));
  });
  if (lines.empty()) fail(ErrorKind::data, "{}: expected pictures in it, found none", table_);
  return lines;
}

/// The labels of the training pictures, sorted by bytes.
std::vector<std::string> Manifest::classes_in(const std::vector<Line>& lines) const {
  std::set<std::string> names;
  for (const Line& line : lines)
    if (line.role == Role::train && !line.label.empty()) names.insert(line.label);
  if (names.size() < 2)
    fail(ErrorKind::data, "{}: expected training pictures of at least 2 classes, found {}", table_, names.size());
  return {names.begin(), names.end()};
}

PictureFiles::Picture Manifest::picture_of(const Line& line, const std::vector<std::string>& classes) {
  const bool held_out = line.role == Role::test || line.role == Role::val;
  Picture picture{line.path, -1, held_out ? Part::test : Part::train, "line " + std::to_string(line.number)};
  if (line.role == Role::unlabeled || line.label.empty()) return picture;
  const auto found = std::find(classes.begin(), classes.end(), line.label);
  if (found == classes.end())
    picture.facts.reason = fill_in("expected one of the {} labels of the training pictures, got \"{}\"",
                                   {to_text(classes.size()), line.label});
  else
    picture.label = found - classes.begin();
  return picture;
}

}  // namespace
}  // namespace s4l::data

S4L_DATASET(manifest, s4l::data::Manifest, "a CSV file with the columns path,label,split; .tar files too")
