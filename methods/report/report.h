#pragma once
#include <string>
#include <vector>

#include "s4l/data/split.h"
#include "s4l/methods/training/metrics_log.h"
#include "s4l/methods/training/run.h"

namespace s4l::methods {

/// What there is to tell about a run that came to its end; all of it outlives the report.
struct Report {
  const RunOptions& options;
  const data::Dataset& dataset;
  const data::Split& split;
  const std::string& split_hash;
  const std::vector<MetricsLog::Row>& rows;
  const RunResult& result;
};

/// plots/*.svg below `folder`: curves, confusion matrix, reliability diagram.
void write_plots(const std::string& folder, const Report& report);
/// report.html in `folder`: one page that needs no other file and no script, under 3 MB, readable in light and dark.
/// What environment.json, config.toml and samples/ of the folder say is in it where they are there.
void write_report(const std::string& folder, const Report& report);

}  // namespace s4l::methods
