#include "s4l/data/split_formats.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <unordered_map>

#include "s4l/core/error.h"
#include "s4l/core/io/json.h"
#include "s4l/data/csv.h"
#include "s4l/data/npy.h"

namespace s4l::data {
namespace {

constexpr std::array kNames{"csv", "s4l", "fixmatch", "usb"};  // in the order of SplitFormat
constexpr std::string_view kCsvHeader = "path,label,role";

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::vector<std::int64_t> training_pictures(const Dataset& dataset) {
  std::vector<std::int64_t> training;
  for (std::int64_t i = 0; i < dataset.size(); ++i)
    if (dataset.part(i) == Part::train) training.push_back(i);
  return training;
}

/// From a picture's name in a file to its index: its path, or its file name where no other has it.
class Names {
 public:
  explicit Names(const Dataset& dataset) {
    for (const std::int64_t index : training_pictures(dataset)) {
      const std::string path = dataset.path(index);
      if (const std::string name(file_name(path)); name != path && !index_.emplace(name, index).second)
        index_[name] = kAmbiguous;
    }
    for (const std::int64_t index : training_pictures(dataset)) index_[dataset.path(index)] = index;
  }

  std::int64_t operator()(const std::string& name) const {
    const auto found = index_.find(name);
    if (found == index_.end())
      fail(ErrorKind::data, "split: expected a training picture of the data set, got \"{}\"", name);
    if (found->second == kAmbiguous)
      fail(ErrorKind::data, "split: expected a name that one training picture has, got \"{}\", which several have",
           name);
    return found->second;
  }
  bool unique(std::string_view name) const { return index_.at(std::string(name)) != kAmbiguous; }

 private:
  static constexpr std::int64_t kAmbiguous = -1;
  std::unordered_map<std::string, std::int64_t> index_;
};

/// Places among the training pictures, as indices into the data set.
std::vector<std::int64_t> at_places(const Dataset& dataset, std::vector<std::int64_t> places) {
  const std::vector<std::int64_t> training = training_pictures(dataset);
  for (std::int64_t& place : places) {
    if (place < 0 || place >= static_cast<std::int64_t>(training.size()))
      fail(ErrorKind::data, "split: expected places of training pictures, 0 to {}, got {}", training.size() - 1, place);
    place = training[static_cast<std::size_t>(place)];
  }
  return places;
}

std::vector<std::int64_t> places_of(const Dataset& dataset, const std::vector<std::int64_t>& indices) {
  const std::vector<std::int64_t> training = training_pictures(dataset);
  std::vector<std::int64_t> places;
  for (const std::int64_t index : indices)
    places.push_back(std::lower_bound(training.begin(), training.end(), index) - training.begin());
  return places;
}

std::vector<std::int64_t> labelled_from_json(const Dataset& dataset, const std::string& content) {
  const io::Json json = io::parse_json(content);
  const io::Json *names = json.is_object() ? json.find("values") : nullptr,
                 *places = json.is_object() ? json.find("label") : nullptr;
  if ((names == nullptr) == (places == nullptr))
    fail(ErrorKind::data, "split: expected \"values\" (file names) or \"label\" (places) in the JSON object");
  std::vector<std::int64_t> labelled;
  if (places != nullptr) {
    for (const io::Json& place : places->array()) labelled.push_back(place.integer());
    return at_places(dataset, labelled);
  }
  const Names index(dataset);
  for (const io::Json& name : names->array()) labelled.push_back(index(name.string()));
  return labelled;
}

std::vector<std::int64_t> labelled_from_list(const Dataset& dataset, const std::string& content) {
  const Names index(dataset);
  std::vector<std::int64_t> labelled;
  for (const CsvRow& row : parse_csv(content)) {
    if (row.fields.size() != 1)
      fail(ErrorKind::data, "split line {}: expected one path, or the header {} above the rows, got {} fields",
           row.line, kCsvHeader, row.fields.size());
    if (!row.fields[0].empty()) labelled.push_back(index(row.fields[0]));
  }
  return labelled;
}

std::string s4l_json(const Dataset& dataset, const Split& split) {
  const Names names(dataset);
  io::Json::Array values;
  for (const std::int64_t index : split.labelled) {
    const std::string path = dataset.path(index);
    const std::string_view name = file_name(path);
    values.emplace_back(names.unique(name) ? std::string(name) : path);
  }
  io::Json json;
  json.set("values", std::move(values));
  return json.dump();
}

/// `distribution` is the classes' sizes over the largest, as its program has it.
std::string fixmatch_json(const Dataset& dataset, const Split& split) {
  std::vector<double> sizes(dataset.class_names().size());
  for (const std::int64_t index : training_pictures(dataset))
    if (const std::int64_t label = dataset.label(index); label >= 0) ++sizes[static_cast<std::size_t>(label)];
  const double largest = *std::max_element(sizes.begin(), sizes.end());
  io::Json::Array distribution, places;
  for (const double size : sizes) distribution.emplace_back(size / largest);
  for (const std::int64_t place : places_of(dataset, split.labelled)) places.emplace_back(place);
  io::Json json;
  json.set("distribution", std::move(distribution));
  json.set("label", std::move(places));
  return json.dump(2);
}

std::vector<SplitFile> usb_files(const Dataset& dataset, const Split& split, const std::string& tail) {
  std::vector<std::int64_t> rest;
  std::set_difference(split.unlabelled.begin(), split.unlabelled.end(), split.labelled.begin(), split.labelled.end(),
                      std::back_inserter(rest));
  return {{"lb_labels" + tail, npy(places_of(dataset, split.labelled))},
          {"ulb_labels" + tail, npy(places_of(dataset, rest))}};
}

}  // namespace

SplitFormat split_format_from(const std::string& name) {
  const auto found = std::find(kNames.begin(), kNames.end(), name);
  check(found != kNames.end(), "split format: expected csv, s4l, fixmatch or usb, got \"{}\"", name);
  return static_cast<SplitFormat>(found - kNames.begin());
}

std::vector<SplitFile> split_files(const Dataset& dataset, const Split& split, SplitFormat format, std::uint64_t seed) {
  const std::string count = std::to_string(split.labelled.size()), number = std::to_string(seed);
  switch (format) {
    case SplitFormat::csv:
      return {{"split.csv", split_csv(dataset, split)}};
    case SplitFormat::s4l:
      return {{"label_map_count_" + count + "_index_" + number, s4l_json(dataset, split)}};
    case SplitFormat::fixmatch:
      return {{"dataset." + number + "@" + count + "-label.json", fixmatch_json(dataset, split)}};
    case SplitFormat::usb:
      break;
  }
  return usb_files(dataset, split, count + "_1_seed" + number + "_idx.npy");
}

Split read_split(const Dataset& dataset, const std::string& content, const SplitOptions& options) {
  if (content.starts_with(kCsvHeader)) return split_from_csv(dataset, content);
  const std::size_t first = content.find_first_not_of(" \t\r\n");
  std::vector<std::int64_t> labelled;
  if (is_npy(content))
    labelled = at_places(dataset, read_npy(content));
  else if (first != content.npos && content[first] == '{')
    labelled = labelled_from_json(dataset, content);
  else
    labelled = labelled_from_list(dataset, content);
  return split_with_labels(dataset, labelled, options);
}

}  // namespace s4l::data
