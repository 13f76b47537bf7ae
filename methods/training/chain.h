#pragma once
#include <string>
#include <vector>

#include "s4l/methods/method.h"
#include "s4l/methods/training/run_options.h"

namespace s4l::methods {

/// The trainings of a method of several stages (Method's stages()), each a run in a folder of its own below one folder:
/// 1-teacher, 2-guesses. It is continued by asking for the first stage that is not finished.
class Chain {
 public:
  /// `options` of each stage, from the first.
  Chain(std::vector<RunOptions> options, std::string folder);

  int count() const { return static_cast<int>(options_.size()); }
  const Stage& stage(int number) const { return stages_[static_cast<std::size_t>(number - 1)]; }
  std::string folder(int number) const;
  bool started(int number) const;
  bool finished(int number) const;
  /// The options of a stage whose predecessor is finished, with what it starts from: the predecessor's weights, and its
  /// guesses, which are computed and written to pseudo_labels.csv in the predecessor's folder unless they are there.
  RunOptions prepare(int number) const;

 private:
  std::string weights(int number) const;

  std::vector<RunOptions> options_;
  std::vector<Stage> stages_;
  std::string folder_;
};

/// The guesses of the model in the file `weights` for every training picture of `options`' data, as guesses_csv.
std::string make_guesses(RunOptions options, const std::string& weights);

}  // namespace s4l::methods
