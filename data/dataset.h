#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "s4l/data/damaged.h"
#include "s4l/data/image.h"

namespace s4l::data {

/// Where a picture belongs as its source has it; validation is carved from the labels later (split.h).
enum class Part : std::uint8_t { train, test };

/// Pictures with labels, read one at a time. Every member function may be called from any thread.
class Dataset {
 public:
  virtual ~Dataset() = default;

  /// Number of pictures, train and test together.
  virtual std::int64_t size() const = 0;
  virtual const std::vector<std::string>& class_names() const = 0;
  /// Height and width without decoding the picture.
  virtual Size image_size(std::int64_t index) const = 0;
  /// The pixels inside `box` (of the upright picture); throws Error(data) if they cannot be decoded.
  virtual Image image(std::int64_t index, Box box) const = 0;
  /// In [0, classes()), or -1 where the source gives none.
  virtual std::int64_t label(std::int64_t index) const = 0;
  virtual Part part(std::int64_t index) const = 0;
  /// What the picture is called in split.csv and in messages; unique, and the same on every machine.
  virtual std::string path(std::int64_t index) const = 0;
  /// What was found unreadable while opening the source.
  virtual const std::vector<Damaged>& damaged() const {
    static const std::vector<Damaged> none;
    return none;
  }

  /// What a user should know of how the source was understood, a line each.
  virtual const std::vector<std::string>& notes() const {
    static const std::vector<std::string> none;
    return none;
  }
  /// Equal for equal pictures, whatever their files are called.
  virtual std::string content_hash(std::int64_t index) const;

  int classes() const { return static_cast<int>(class_names().size()); }
  Image whole_image(std::int64_t index) const {
    const Size size = image_size(index);
    return image(index, {0, 0, size.height, size.width});
  }
};

/// SHA-256 of a picture's size and pixels.
std::string content_hash(const Image& image);

/// What a data set is opened with: a place (for those that have one) and its own named options.
struct DatasetOptions {
  std::string root;                    ///< folder or file; empty for built-in ones
  int img_size = 0;                    ///< for generated pictures; 0 is the data set's own
  std::uint64_t seed = 0;              ///< of generated pictures
  bool strict = false;                 ///< stop at the first damaged picture
  double max_damaged = 1;              ///< percent of the pictures; more are an error
  std::vector<std::string> unlabeled;  ///< further folders or .tar files of pictures without labels
  std::string cache_folder;            ///< keeps what is known of picture files between runs; empty: nothing is
  std::int64_t cache_bytes = std::int64_t{1} << 30;  ///< of memory for decoded pictures
  std::map<std::string, std::string> extra;          ///< e.g. {"train", "500"} for `things`
};

using MakeDataset = std::unique_ptr<Dataset> (*)(const DatasetOptions&);
struct DatasetEntry {
  const char* name;
  const char* summary;
  MakeDataset make;
};

/// Every data set of this build, in the order of their names. The table is written by CMake from the
/// files of data/datasets/, each of which ends with S4L_DATASET.
const std::vector<DatasetEntry>& datasets();
/// Opens the data set `name`, with the pictures of options.unlabeled. Pictures without a label that are test pictures,
/// too, are left out and noted. An unknown name is an error that lists the known ones.
std::unique_ptr<Dataset> open_dataset(const std::string& name, const DatasetOptions& options);

}  // namespace s4l::data

/// Ends the file of a data set: `id` is the file's base name, `Class` takes a DatasetOptions.
#define S4L_DATASET(id, Class, summary_text)                                                                           \
  namespace s4l::data {                                                                                                \
  DatasetEntry dataset_entry_##id() {                                                                                  \
    return {nullptr, summary_text,                                                                                     \
            [](const DatasetOptions& options) { return std::unique_ptr<Dataset>(std::make_unique<Class>(options)); }}; \
  }                                                                                                                    \
  }
