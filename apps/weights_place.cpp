#include "s4l/apps/weights_place.h"

#include <filesystem>

#include "s4l/core/error.h"

namespace s4l::apps {
namespace {

namespace fs = std::filesystem;

/// Of a run of several stages ("1-teacher", "2-guesses") the last that has weights, else the folder itself.
std::string last_stage(const std::string& folder) {
  for (char number = '9'; number >= '1'; --number)
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().filename().string().starts_with(std::string{number, '-'}) &&
          fs::exists(entry.path() / "weights"))
        return entry.path();
  return folder;
}

std::string weights_of_run(const std::string& run) {
  const std::string folder = last_stage(run);
  for (const char* name : {"/weights/best.safetensors", "/weights/last.safetensors"})
    if (fs::exists(folder + name)) return folder + name;
  if (!fs::exists(folder + "/checkpoints"))
    fail(ErrorKind::io, "{}: expected a run's folder or a weights file, got a folder without weights/", run);
  fail(ErrorKind::io,
       "{}: expected weights/best.safetensors or weights/last.safetensors; did the run finish? `s4l run --resume {}` "
       "goes on",
       folder, run);
}

}  // namespace

std::string weights_at(const std::string& place) { return fs::is_directory(place) ? weights_of_run(place) : place; }

std::string weights_named(const Arguments& arguments, const char* command) {
  check(arguments.positional.has_value(), "s4l {}: expected a run's folder or a weights file", command);
  const std::string& place = *arguments.positional;
  check(fs::exists(place), "s4l {}: {}: no such file or folder", command, place);
  return weights_at(place);
}

}  // namespace s4l::apps
