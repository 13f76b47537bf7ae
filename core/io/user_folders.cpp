#include "s4l/core/io/user_folders.h"

#include <cstdlib>

namespace s4l::io {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string below_home(const char* folder) {
  const std::string home = variable("HOME");
  return home.empty() ? "" : home + folder;
}

}  // namespace

std::string cache_folder() {
  if (const char* own = std::getenv("S4L_CACHE_DIR")) return own;
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache + "/s4l";
  return below_home("/.cache/s4l");
}

std::string config_folder() {
  // The XDG specification has a relative path ignored.
  if (const std::string config = variable("XDG_CONFIG_HOME"); config.starts_with('/')) return config + "/s4l";
  return below_home("/.config/s4l");
}

}  // namespace s4l::io
