#include "s4l/data/cifar.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include "s4l/core/error.h"
#include "s4l/data/cut.h"

namespace s4l::data {
namespace {

constexpr int kSide = 32, kPlane = kSide * kSide;
constexpr std::int64_t kMaxFile = std::int64_t{256} << 20, kMaxNames = 4096;

std::int64_t bytes_of_record(const CifarFormat& format) { return format.label_bytes + 3 * kPlane; }

std::vector<std::uint8_t> read(const CifarFormat& format, const FileTree& tree, const std::string& file,
                               std::int64_t most) {
  try {
    return tree.read(file, most);
  } catch (const Error& error) {
    fail(error.kind(), "{}: {}/{}: {}", format.name, tree.root(), file, error.what());
  }
}

}  // namespace

std::int64_t check_cifar_records(std::span<const std::uint8_t> content, const CifarFormat& format) {
  const std::int64_t size = static_cast<std::int64_t>(content.size()), record = bytes_of_record(format);
  if (size == 0 || size % record != 0)
    fail(ErrorKind::data, "expected records of {} bytes, got {} bytes", record, size);
  for (std::int64_t i = 0; i < size / record; ++i) {
    const std::size_t label = content[static_cast<std::size_t>(i * record + format.label_at)];
    if (label >= format.names.size())
      fail(ErrorKind::data, "expected labels below {}, got {} in record {}", format.names.size(), label, i);
  }
  return size / record;
}

Cifar::Cifar(const DatasetOptions& options, CifarFormat format) : format_(std::move(format)) {
  check(!options.root.empty(), "{}: expected a folder with {} and the other files, got none", format_.name,
        format_.test_files[0]);
  const std::unique_ptr<FileTree> tree = open_tree(options.root);
  for (const std::string& file : format_.train_files) add_file(*tree, file);
  train_ = size();
  for (const std::string& file : format_.test_files) add_file(*tree, file);
  read_names(*tree);
}

void Cifar::add_file(const FileTree& tree, const std::string& file) {
  const std::vector<std::uint8_t> content = read(format_, tree, file, kMaxFile);
  try {
    check_cifar_records(content, format_);
  } catch (const Error& error) {
    fail(error.kind(), "{}: {}/{}: {}", format_.name, tree.root(), file, error.what());
  }
  files_.push_back({std::filesystem::path(file).stem().string(), size()});
  records_.insert(records_.end(), content.begin(), content.end());
}

void Cifar::read_names(const FileTree& tree) {
  const std::vector<std::string> files = file_names(tree, "");
  if (std::find(files.begin(), files.end(), format_.names_file) == files.end()) return;
  const std::vector<std::uint8_t> content = read(format_, tree, format_.names_file, kMaxNames);
  std::istringstream stream(std::string(content.begin(), content.end()));
  std::vector<std::string> names;
  for (std::string name; stream >> name;) names.push_back(name);
  if (names.size() != format_.names.size())
    fail(ErrorKind::data, "{}: {}/{}: expected {} class names, got {}", format_.name, tree.root(), format_.names_file,
         format_.names.size(), names.size());
  format_.names = std::move(names);
}

std::int64_t Cifar::record_bytes() const { return bytes_of_record(format_); }

Size Cifar::image_size(std::int64_t) const { return {kSide, kSide}; }

std::string Cifar::path(std::int64_t index) const {
  auto file = files_.end() - 1;
  while (file->first > index) --file;
  char digits[24];
  std::snprintf(digits, sizeof digits, "%05lld", static_cast<long long>(index - file->first));
  return file->name + "/" + digits;
}

Image Cifar::image(std::int64_t index, Box box) const {
  const std::uint8_t* planes = record(index) + format_.label_bytes;
  Image image(kSide, kSide);
  for (int pixel = 0; pixel < kPlane; ++pixel)
    for (int channel = 0; channel < 3; ++channel)
      image.pixels[static_cast<std::size_t>(3 * pixel + channel)] = planes[channel * kPlane + pixel];
  return cut(image, box);
}

}  // namespace s4l::data
