#pragma once
#include <string>
#include <vector>

#include "s4l/apps/commands.h"
#include "s4l/methods/training/run_options.h"

namespace s4l::apps {

/// One row of a comparison: a METHOD or METHOD@RECIPE.
struct CompareEntry {
  std::string name;       ///< as it was given
  std::string file_name;  ///< the same without characters that a file's name should not have
  methods::RunOptions options;
  /// Those of each of its trainings, one after another; one, the same, unless the method chains several.
  std::vector<methods::RunOptions> trainings;

  bool chained() const { return trainings.size() > 1; }
};

/// What `s4l compare` was asked to do.
struct CompareRequest {
  std::vector<CompareEntry> entries;
  std::vector<std::string> only;  ///< names of the entries to run; empty: all
  std::string reference;          ///< the row that the others are held against
  std::uint64_t first_seed = 0, last_seed = 0;
  std::int64_t steps = 0;     ///< --steps: updates of each method; 0: as many as the first one's settings say
  bool new_pictures = false;  ///< a seed is also the seed of generated pictures
  bool equal_time = false;    ///< else equal steps
  std::string folder;
  bool dry_run = false;
  double seconds = 0;  ///< to stop after; 0: none

  long long seeds() const { return static_cast<long long>(last_seed - first_seed) + 1; }
  std::string run_folder(const CompareEntry& entry, std::uint64_t seed) const;
  /// The folder of each training of a run: the run's own, or one for each stage below it.
  std::vector<std::string> training_folders(const CompareEntry& entry, std::uint64_t seed) const;
  /// The options of each training of a run.
  std::vector<methods::RunOptions> trainings_of(const CompareEntry& entry, std::uint64_t seed) const;
};

CommandLine compare_line();
/// Reads it; an error of kind usage names what is wrong.
CompareRequest compare_request_from(const Arguments& arguments);

}  // namespace s4l::apps
