#include "s4l/data/dataset.h"

#include <filesystem>

#include "s4l/core/error.h"
#include "s4l/core/io/sha256.h"
#include "s4l/data/collection.h"

namespace s4l::data {

std::string Dataset::content_hash(std::int64_t index) const { return data::content_hash(whole_image(index)); }

std::string content_hash(const Image& image) {
  return io::sha256(fill_in(
      "{}x{} {}", {to_text(image.height), to_text(image.width), io::sha256(image.pixels.data(), image.pixels.size())}));
}

std::unique_ptr<Dataset> open_dataset(const std::string& name, const DatasetOptions& options) {
  // A path that is not there is a wrong argument; what lies at one that is can be data that is no good.
  check(options.root.empty() || std::filesystem::exists(options.root),
        "data: expected a folder or file of pictures, got {}: No such file or directory", options.root);
  std::string known;
  for (const DatasetEntry& entry : datasets()) {
    if (name == entry.name) return with_unlabelled(entry.make(options), options);
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  fail(ErrorKind::usage, "dataset: expected one of {}, got \"{}\"", known, name);
}

}  // namespace s4l::data
