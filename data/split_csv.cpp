#include <array>
#include <string_view>
#include <unordered_map>

#include "s4l/core/error.h"
#include "s4l/core/io/sha256.h"
#include "s4l/data/csv.h"
#include "s4l/data/split.h"

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

/// One role per picture, checked against the data set.
class RoleReader {
 public:
  explicit RoleReader(const Dataset& dataset)
      : dataset_(dataset), roles_(static_cast<std::size_t>(dataset.size()), none) {
    for (std::int64_t i = 0; i < dataset.size(); ++i) index_.emplace(dataset.path(i), i);
  }

  void read(const CsvRow& row) {
    if (row.fields.size() != 3)
      fail(ErrorKind::data, "split line {}: expected 3 fields (path,label,role), got {}", row.line, row.fields.size());
    const std::string &path = row.fields[0], &label = row.fields[1];
    const auto found = index_.find(path);
    if (found == index_.end())
      fail(ErrorKind::data, "split line {}: expected a picture of the data set, got \"{}\"", row.line, path);
    Role& role = roles_[static_cast<std::size_t>(found->second)];
    if (role != none)
      fail(ErrorKind::data, "split line {}: expected each picture once, got \"{}\" again", row.line, path);
    role = role_from(row);
    if (const std::string known = label_name(dataset_, found->second); label != known)
      fail(ErrorKind::data, "split line {}: expected the data set's label \"{}\" of \"{}\", got \"{}\"", row.line,
           known, path, label);
    if (label.empty() && (role == labeled || role == val))
      fail(ErrorKind::data, "split line {}: expected a picture with a label as {}, got \"{}\"", row.line, kRoles[role],
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
  static Role role_from(const CsvRow& row) {
    for (std::size_t role = 0; role < kRoles.size(); ++role)
      if (row.fields[2] == kRoles[role]) return static_cast<Role>(role);
    fail(ErrorKind::data, "split line {}: expected the role labeled, unlabeled, val or test, got \"{}\"", row.line,
         row.fields[2]);
  }

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

Split split_from_csv(const Dataset& dataset, const std::string& csv) {
  const std::vector<CsvRow> rows = parse_csv(csv);
  if (rows.empty() || rows[0].fields != std::vector<std::string>{"path", "label", "role"})
    fail(ErrorKind::data, "split line 1: expected the header path,label,role");
  RoleReader reader(dataset);
  for (std::size_t i = 1; i < rows.size(); ++i) reader.read(rows[i]);
  return reader.split();
}

std::string split_hash(const std::string& csv) { return io::sha256(csv); }

}  // namespace s4l::data
