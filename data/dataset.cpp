#include "s4l/data/dataset.h"

#include <filesystem>

#include "s4l/core/error.h"

namespace s4l::data {

std::unique_ptr<Dataset> open_dataset(const std::string& name, const DatasetOptions& options) {
  // A path that is not there is a wrong argument; what lies at one that is can be data that is no good.
  check(options.root.empty() || std::filesystem::exists(options.root),
        "data: expected a folder or file of pictures, got {}: No such file or directory", options.root);
  std::string known;
  for (const DatasetEntry& entry : datasets()) {
    if (name == entry.name) return entry.make(options);
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  fail(ErrorKind::usage, "dataset: expected one of {}, got \"{}\"", known, name);
}

}  // namespace s4l::data
