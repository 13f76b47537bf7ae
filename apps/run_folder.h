#pragma once
#include <string>

#include "s4l/apps/config.h"

namespace s4l::apps {

/// What a run's folder is called unless --output tells: "runs/NAME", without a name "runs/rotation-10pct-s0".
std::string default_folder(const methods::RunOptions& options, const std::string& name);
/// The same of a comparison: "runs/compare-10pct".
std::string comparison_folder(const methods::RunOptions& options);
/// An error unless a new run may take the folder `wanted`: it is not there, or empty, or an old run to be replaced.
void check_may_take(const std::string& wanted, bool overwrite);
/// Makes the folder of a new run: `wanted`, or else the default name, numbered if it is taken.
std::string make_run_folder(const std::string& wanted, const methods::RunOptions& options, const std::string& name);
/// Removes what an earlier run wrote there.
void clear_run(const std::string& folder);
/// The newest of the default folders of these options; an error if there is none.
std::string newest_default_folder(const methods::RunOptions& options, const std::string& name);
/// The settings in the config.toml of a run's folder; an error if it is none.
Layer layer_from_run(const std::string& folder);

}  // namespace s4l::apps
