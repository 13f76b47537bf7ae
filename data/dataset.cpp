#include "s4l/data/dataset.h"

#include "s4l/core/error.h"

namespace s4l::data {

std::unique_ptr<Dataset> open_dataset(const std::string& name, const DatasetOptions& options) {
  std::string known;
  for (const DatasetEntry& entry : datasets()) {
    if (name == entry.name) return entry.make(options);
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  fail(ErrorKind::usage, "dataset: expected one of {}, got \"{}\"", known, name);
}

}  // namespace s4l::data
