#pragma once
#include <string>
#include <vector>

#include "s4l/apps/commands.h"
#include "s4l/apps/config.h"
#include "s4l/apps/log.h"
#include "s4l/methods/training/run_options.h"

namespace s4l::apps {

/// What `s4l run` was asked to do.
struct RunRequest {
  methods::RunOptions options;
  std::string folder;  ///< to write to or to continue; empty: the default name
  bool resume = false, overwrite = false, dry_run = false, json = false;
  double seconds = 0;  ///< to stop after; 0: none
  Log::Level level = Log::Level::normal;
  bool progress = true, colour = true;
};

CommandLine run_line();
/// The settings of --config, of the environment and of the command line, in rising order.
std::vector<Layer> layers_from(const Arguments& arguments);
/// Takes --threads or S4L_NUM_THREADS for this process.
void set_threads(const Arguments& arguments);
/// The seconds of --time, 0 where it is not given.
double time_limit_from(const Arguments& arguments);
/// Reads the layers of settings and the run's own options; an error of kind usage names what is wrong.
RunRequest request_from(const Arguments& arguments);

}  // namespace s4l::apps
