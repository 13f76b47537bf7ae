#include "s4l/apps/weights_place.h"

#include <filesystem>

#include "s4l/core/error.h"

namespace s4l::apps {
namespace {

namespace fs = std::filesystem;

std::string weights_of_run(const std::string& folder) {
  for (const char* name : {"/weights/best.safetensors", "/weights/last.safetensors"})
    if (fs::exists(folder + name)) return folder + name;
  fail(ErrorKind::io, "{}: expected weights/best.safetensors or weights/last.safetensors; did the run finish?", folder);
}

}  // namespace

std::string weights_named(const Arguments& arguments, const char* command) {
  check(arguments.positional.has_value(), "s4l {}: expected a run's folder or a weights file", command);
  const std::string& place = *arguments.positional;
  check(fs::exists(place), "s4l {}: {}: no such file or folder", command, place);
  return fs::is_directory(place) ? weights_of_run(place) : place;
}

}  // namespace s4l::apps
