#pragma once
#include <string>

namespace s4l::io {

/// Where programs keep what can be made again: $S4L_CACHE_DIR, $XDG_CACHE_HOME/s4l or $HOME/.cache/s4l; empty where
/// none of the variables is set.
std::string cache_folder();
/// Where somebody keeps what every run is to know: $XDG_CONFIG_HOME/s4l or $HOME/.config/s4l; empty likewise.
std::string config_folder();

}  // namespace s4l::io
