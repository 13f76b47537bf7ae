#pragma once
#include <functional>
#include <string>
#include <vector>

#include "s4l/apps/command_line.h"
#include "s4l/apps/log.h"
#include "s4l/data/dataset.h"
#include "s4l/methods/training/predictor.h"

namespace s4l::apps {

/// A trained model at work on files: what `s4l predict` and `s4l embed` share.
struct PhotoRequest {
  methods::Predictor predictor;
  std::vector<std::string> files;
  std::int64_t batch;
  bool strict;  ///< a damaged file ends it
};

/// Its positional arguments and options, for a command that ends up with `line`.
void add_photo_options(CommandLine& line);
PhotoRequest photo_request_from(const Arguments& arguments, const char* command);

/// Pictures that were read, with their network features, in the order of the files.
struct PhotoBatch {
  std::vector<std::string> paths;
  Tensor features;  ///< (n, F); empty where there is no picture
  std::vector<data::Damaged> damaged;
};
/// Reads, preprocesses and runs the network batch by batch, with progress on stderr. Damaged files are named and
/// skipped. Returns an ExitCode: failed if no file could be read.
int for_each_batch(const PhotoRequest& request, Log& log, const std::function<void(const PhotoBatch&)>& take);

}  // namespace s4l::apps
