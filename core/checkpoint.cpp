#include "s4l/core/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "s4l/core/io/file.h"

namespace s4l {
namespace {

constexpr std::string_view kStart = "step-", kEnd = ".s4l", kLink = "last.s4l", kTemporary = ".s4l.tmp-";

std::string file_name(std::int64_t step) {
  const std::string digits = std::to_string(step);
  const std::string zeros(digits.size() < 6 ? 6 - digits.size() : 0, '0');
  return std::string(kStart) + zeros + digits + std::string(kEnd);
}

/// The step in a checkpoint's name; -1 for any other name.
std::int64_t step_of(const std::string& name) {
  std::int64_t step = -1;
  if (name.starts_with(kStart)) std::from_chars(name.data() + kStart.size(), name.data() + name.size(), step);
  return step >= 0 && name == file_name(step) ? step : -1;
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code reason;  // a folder that is not there holds nothing
  for (std::filesystem::directory_iterator file(folder, reason), end; !reason && file != end; file.increment(reason))
    names.push_back(file->path().filename());
  return names;
}

/// Steps of the checkpoints in `folder`, newest first.
std::vector<std::int64_t> steps_in(const std::string& folder) {
  std::vector<std::int64_t> steps;
  for (const std::string& name : names_in(folder))
    if (step_of(name) >= 0) steps.push_back(step_of(name));
  std::sort(steps.begin(), steps.end(), std::greater<>());
  return steps;
}

}  // namespace

CheckpointFolder::CheckpointFolder(std::string folder, int keep) : folder_(std::move(folder)), keep_(keep) {
  check(keep >= 2, "checkpoints: expected to keep at least 2, got {}", keep);
}

void CheckpointFolder::save(std::int64_t step, const io::TensorFile& state) {
  check(step >= 0, "checkpoint: expected a step of 0 or more, got {}", step);
  io::make_folder(folder_);
  for (const std::string& name : names_in(folder_))  // of a run that was killed
    if (name.find(kTemporary) != name.npos) io::remove_file(folder_ + "/" + name);
  io::save_tensors(folder_ + "/" + file_name(step), state);
  io::link_atomically(folder_ + "/" + std::string(kLink), file_name(step));
  int kept = 0;
  for (const std::int64_t old : steps_in(folder_))
    if (old > step || ++kept > keep_) io::remove_file(folder_ + "/" + file_name(old));
}

io::TensorFile CheckpointFolder::load_newest(std::vector<std::string>& warnings) const {
  const std::vector<std::string> all = paths();
  std::string first;
  for (const std::string& path : all) {
    try {
      return io::load_tensors(path);
    } catch (const Error& error) {
      warnings.push_back(error.what());
      if (first.empty()) first = error.what();
    }
  }
  fail(ErrorKind::data, "{}: expected a whole checkpoint step-<n>.s4l, got {}", folder_,
       all.empty() ? "none" : std::to_string(all.size()) + " that are damaged, the newest: " + first);
}

std::vector<std::string> CheckpointFolder::paths() const {
  std::vector<std::string> paths;
  for (const std::int64_t step : steps_in(folder_)) paths.push_back(folder_ + "/" + file_name(step));
  return paths;
}

void restore(const io::TensorFile& file, const std::vector<std::pair<std::string, Tensor>>& into) {
  for (const auto& [name, tensor] : into) {
    const Tensor* saved = file.find(name);
    if (saved == nullptr)
      fail(ErrorKind::data, "restore: expected {} {} {}, got none", name, tensor.dtype(), tensor.shape());
    if (saved->shape() != tensor.shape() || saved->dtype() != tensor.dtype())
      fail(ErrorKind::data, "restore: expected {} {} {}, got {} {}", name, tensor.dtype(), tensor.shape(),
           saved->dtype(), saved->shape());
  }
  for (const auto& [name, tensor] : into) copy_(tensor, *file.find(name));
}

}  // namespace s4l
