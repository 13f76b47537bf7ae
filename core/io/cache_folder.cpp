#include "s4l/core/io/cache_folder.h"

#include <cstdlib>

namespace s4l::io {

std::string cache_folder() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (const char* own = std::getenv("S4L_CACHE_DIR")) return own;
  if (const std::string cache = variable("XDG_CACHE_HOME"); !cache.empty()) return cache + "/s4l";
  const std::string home = variable("HOME");
  return home.empty() ? "" : home + "/.cache/s4l";
}

}  // namespace s4l::io
