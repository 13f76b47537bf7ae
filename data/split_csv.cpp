#include <array>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "s4l/core/error.h"
#include "s4l/core/io/sha256.h"
#include "s4l/data/csv.h"
#include "s4l/data/split.h"
#include "s4l/data/split_rows.h"

namespace s4l::data {
namespace {

constexpr std::string_view kHeader = "path,label,role\n";
enum Role : std::size_t { labeled, unlabeled, val, test, none };
constexpr std::array<std::string_view, 4> kRoles{"labeled", "unlabeled", "val", "test"};

/// The class's name, or nothing where the data set gives no label.
std::string label_name(const Dataset& dataset, std::int64_t index) {
  const std::int64_t label = dataset.label(index);
  return label < 0 ? "" : dataset.class_names().at(static_cast<std::size_t>(label));
}

Role role_from(std::int64_t line, const std::string& name) {
  for (std::size_t role = 0; role < kRoles.size(); ++role)
    if (name == kRoles[role]) return static_cast<Role>(role);
  fail(ErrorKind::data, "split line {}: expected the role labeled, unlabeled, val or test, got \"{}\"", line, name);
}

std::unordered_map<std::string, std::int64_t> index_of_paths(const Dataset& dataset) {
  std::unordered_map<std::string, std::int64_t> index;
  for (std::int64_t i = 0; i < dataset.size(); ++i) index.emplace(dataset.path(i), i);
  return index;
}

/// One role per picture, checked against the data set.
class RoleReader {
 public:
  explicit RoleReader(const Dataset& dataset)
      : dataset_(dataset), index_(index_of_paths(dataset)), roles_(static_cast<std::size_t>(dataset.size()), none) {}

  void read(const SplitRow& row) {
    const auto& [line, path, label, name] = row;
    const auto found = index_.find(path);
    if (found == index_.end())
      fail(ErrorKind::data, "split line {}: expected a picture of the data set, got \"{}\"", line, path);
    Role& role = roles_[static_cast<std::size_t>(found->second)];
    role = role_from(line, name);
    if (const std::string known = label_name(dataset_, found->second); label != known)
      fail(ErrorKind::data, "split line {}: expected the data set's label \"{}\" of \"{}\", got \"{}\"", line, known,
           path, label);
    if (label.empty() && (role == labeled || role == val))
      fail(ErrorKind::data, "split line {}: expected a picture with a label as {}, got \"{}\"", line, kRoles[role],
           path);
  }

  Split split() const {
    Split split;
    for (std::int64_t i = 0; i < dataset_.size(); ++i) {
      const Role role = roles_[static_cast<std::size_t>(i)];
      if (role == none)
        fail(ErrorKind::data, "split: expected every picture of the data set, \"{}\" is not listed", dataset_.path(i));
      if (role == labeled) split.labelled.push_back(i);
      (role == val ? split.val : role == test ? split.test : split.unlabelled).push_back(i);
    }
    return split;
  }

 private:
  const Dataset& dataset_;
  std::unordered_map<std::string, std::int64_t> index_;
  std::vector<Role> roles_;
};

}  // namespace

std::string split_csv(const Dataset& dataset, const Split& split) {
  std::vector<Role> roles(static_cast<std::size_t>(dataset.size()), none);
  const auto assign = [&](const std::vector<std::int64_t>& indices, Role role) {
    for (const std::int64_t i : indices) roles.at(static_cast<std::size_t>(i)) = role;
  };
  assign(split.unlabelled, unlabeled);
  assign(split.labelled, labeled);  // after the unlabelled, which hold them too
  assign(split.val, val);
  assign(split.test, test);

  std::string csv(kHeader);
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const Role role = roles[static_cast<std::size_t>(i)];
    check(role != none, "split: expected a role for every picture, got none for \"{}\"", dataset.path(i));
    for (const std::string& field : {csv_field(dataset.path(i)), csv_field(label_name(dataset, i))}) csv += field + ',';
    csv += std::string(kRoles[role]) + '\n';
  }
  return csv;
}

std::vector<SplitRow> split_rows(const std::string& csv) {
  std::vector<CsvRow> lines = parse_csv(csv);
  if (lines.empty() || lines[0].fields != std::vector<std::string>{"path", "label", "role"})
    fail(ErrorKind::data, "split line 1: expected the header path,label,role");
  std::vector<SplitRow> rows;
  std::unordered_set<std::string> seen;
  for (auto line = lines.begin() + 1; line != lines.end(); ++line) {
    std::vector<std::string>& fields = line->fields;
    if (fields.size() != 3)
      fail(ErrorKind::data, "split line {}: expected 3 fields (path,label,role), got {}", line->line, fields.size());
    role_from(line->line, fields[2]);
    if (!seen.insert(fields[0]).second)
      fail(ErrorKind::data, "split line {}: expected each picture once, got \"{}\" again", line->line, fields[0]);
    rows.push_back({line->line, std::move(fields[0]), std::move(fields[1]), std::move(fields[2])});
  }
  return rows;
}

Split split_from_csv(const Dataset& dataset, const std::string& csv) {
  RoleReader reader(dataset);
  for (const SplitRow& row : split_rows(csv)) reader.read(row);
  return reader.split();
}

std::vector<std::int64_t> test_pictures(const Dataset& dataset, const std::vector<SplitRow>& rows) {
  const std::unordered_map<std::string, std::int64_t> index = index_of_paths(dataset);
  std::unordered_map<std::string, std::string> damaged;
  for (const Damaged& one : dataset.damaged()) damaged.emplace(one.path, one.reason);
  std::vector<std::int64_t> pictures;
  std::int64_t lacking = 0;
  std::string first;
  for (const SplitRow& row : rows) {
    if (row.role != kRoles[test] || row.label.empty()) continue;
    const auto found = index.find(row.path);
    std::string reason;
    if (found == index.end())
      reason = damaged.contains(row.path) ? damaged.at(row.path) : "not in the data set";
    else if (const std::string known = label_name(dataset, found->second); known != row.label)
      reason = fill_in("expected the label \"{}\", got \"{}\"", {row.label, known});
    else
      pictures.push_back(found->second);
    if (!reason.empty() && lacking++ == 0) first = row.path + ": " + reason;
  }
  if (lacking > 0)
    fail(ErrorKind::data, "split: expected its {} test pictures, lacking {}: {}",
         static_cast<std::int64_t>(pictures.size()) + lacking, lacking, first);
  return pictures;
}

std::string split_hash(const std::string& csv) { return io::sha256(csv); }

}  // namespace s4l::data
