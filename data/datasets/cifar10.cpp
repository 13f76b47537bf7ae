// CIFAR-10, the binary version: records of one label byte and 32 x 32 pixels as three planes, in six files.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "s4l/core/error.h"
#include "s4l/data/cut.h"
#include "s4l/data/dataset.h"

namespace s4l::data {
namespace {

namespace fs = std::filesystem;

constexpr int kClasses = 10, kSide = 32, kPlane = kSide * kSide;
constexpr std::int64_t kRecord = 1 + 3 * kPlane;
constexpr std::int64_t kMaxFile = std::int64_t{256} << 20;
constexpr std::array kTrainFiles = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                                    "data_batch_5.bin"};
constexpr const char* kTestFile = "test_batch.bin";
constexpr const char* kNamesFile = "batches.meta.txt";
constexpr std::array kNames = {"airplane", "automobile", "bird",  "cat",  "deer",
                               "dog",      "frog",       "horse", "ship", "truck"};

std::int64_t size_of(const fs::path& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  if (error) fail(ErrorKind::io, "cifar10: {}: expected a file, got: {}", file.string(), error.message());
  return size > std::uintmax_t{kMaxFile} ? kMaxFile + 1 : static_cast<std::int64_t>(size);
}

/// Appends the file's records; how many there are is settled before anything is read.
void read_records(const fs::path& file, std::vector<std::uint8_t>& records) {
  const std::int64_t size = size_of(file);
  if (size == 0 || size % kRecord != 0 || size > kMaxFile)
    fail(ErrorKind::data, "cifar10: {}: expected records of {} bytes, at most {} in all, got a file of {}{} bytes",
         file.string(), kRecord, kMaxFile, size > kMaxFile ? "more than " : "", std::min(size, kMaxFile));
  const std::size_t begin = records.size();
  records.resize(begin + static_cast<std::size_t>(size));
  std::ifstream stream(file, std::ios::binary);
  if (!stream.read(reinterpret_cast<char*>(records.data() + begin), size))
    fail(ErrorKind::io, "cifar10: {}: expected {} bytes, got {}", file.string(), size, stream.gcount());
  for (std::int64_t i = 0; i < size / kRecord; ++i) {
    const int label = records[begin + static_cast<std::size_t>(i * kRecord)];
    if (label >= kClasses)
      fail(ErrorKind::data, "cifar10: {}: expected labels below {}, got {} in record {}", file.string(), kClasses,
           label, i);
  }
}

std::vector<std::string> read_names(const fs::path& file) {
  if (!fs::exists(file)) return {kNames.begin(), kNames.end()};
  constexpr std::int64_t kMaxNames = 4096;
  const std::int64_t size = size_of(file);
  if (size > kMaxNames)
    fail(ErrorKind::data, "cifar10: {}: expected at most {} bytes, got {}", file.string(), kMaxNames, size);
  std::ifstream stream(file);
  std::vector<std::string> names;
  for (std::string name; stream >> name;) names.push_back(name);
  if (names.size() != kClasses)
    fail(ErrorKind::data, "cifar10: {}: expected {} class names, got {}", file.string(), kClasses, names.size());
  return names;
}

class Cifar10 : public Dataset {
 public:
  explicit Cifar10(const DatasetOptions& options) {
    check(!options.root.empty(), "cifar10: expected a folder with {} and the other batches, got none", kTestFile);
    for (const auto& [name, value] : options.extra)
      fail(ErrorKind::usage, "cifar10: expected no options of its own, got \"{}\"", name);
    const fs::path root = options.root;
    for (const char* file : kTrainFiles) add_file(root, file);
    train_ = size();
    add_file(root, kTestFile);
    names_ = read_names(root / kNamesFile);
  }

  std::int64_t size() const override { return static_cast<std::int64_t>(records_.size()) / kRecord; }
  const std::vector<std::string>& class_names() const override { return names_; }
  Size image_size(std::int64_t) const override { return {kSide, kSide}; }
  std::int64_t label(std::int64_t index) const override { return *record(index); }
  Part part(std::int64_t index) const override { return index < train_ ? Part::train : Part::test; }

  std::string path(std::int64_t index) const override {
    auto file = files_.end() - 1;
    while (file->first > index) --file;
    char digits[24];
    std::snprintf(digits, sizeof digits, "%05lld", static_cast<long long>(index - file->first));
    return file->name + "/" + digits;
  }

  Image image(std::int64_t index, Box box) const override {
    const std::uint8_t* planes = record(index) + 1;
    Image image(kSide, kSide);
    for (int pixel = 0; pixel < kPlane; ++pixel)
      for (int channel = 0; channel < 3; ++channel)
        image.pixels[static_cast<std::size_t>(3 * pixel + channel)] = planes[channel * kPlane + pixel];
    return cut(image, box);
  }

 private:
  struct File {
    std::string name;
    std::int64_t first;  // index of its first picture
  };

  void add_file(const fs::path& root, const char* file) {
    files_.push_back({fs::path(file).stem().string(), size()});
    read_records(root / file, records_);
  }
  const std::uint8_t* record(std::int64_t index) const { return records_.data() + index * kRecord; }

  std::vector<std::uint8_t> records_;
  std::vector<File> files_;
  std::int64_t train_ = 0;
  std::vector<std::string> names_;
};

}  // namespace
}  // namespace s4l::data

S4L_DATASET(cifar10, Cifar10, "CIFAR-10, binary version: a folder with data_batch_1.bin to 5 and test_batch.bin")
