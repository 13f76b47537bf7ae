#include "s4l/methods/training/chain.h"

#include <filesystem>

#include "s4l/core/io/file.h"
#include "s4l/methods/training/guesses.h"
#include "s4l/methods/training/run_setup.h"
#include "s4l/methods/training/saved_model.h"
#include "s4l/nn/walk.h"

namespace s4l::methods {

namespace fs = std::filesystem;

Chain::Chain(std::vector<RunOptions> options, std::string folder)
    : options_(std::move(options)), stages_(find_method(options_.at(0).method).stages), folder_(std::move(folder)) {
  check(options_.size() == stages_.size(), "{}: expected options for {} stages, got {}", options_[0].method,
        stages_.size(), options_.size());
  for (std::size_t i = 0; i < options_.size(); ++i) options_[i].stage = static_cast<int>(i) + 1;
}

std::string Chain::folder(int number) const {
  return folder_ + "/" + std::to_string(number) + "-" + stage(number).name;
}

bool Chain::started(int number) const {
  const std::string checkpoints = folder(number) + "/checkpoints";
  return fs::exists(checkpoints) && !fs::is_empty(checkpoints);
}

bool Chain::finished(int number) const { return fs::exists(folder(number) + "/weights/last.safetensors"); }

/// What the run reports: the best on validation where there is one.
std::string Chain::weights(int number) const {
  const std::string best = folder(number) + "/weights/best.safetensors";
  return fs::absolute(fs::exists(best) ? best : folder(number) + "/weights/last.safetensors").lexically_normal();
}

RunOptions Chain::prepare(int number) const {
  RunOptions options = options_.at(static_cast<std::size_t>(number - 1));
  const Stage& what = stage(number);
  if (what.pretrained) options.pretrained = weights(number - 1);
  if (!what.guesses) return options;
  const std::string file = fs::absolute(folder(number - 1) + "/pseudo_labels.csv").lexically_normal();
  if (!fs::exists(file)) io::save_atomically(file, make_guesses(options, weights(number - 1)));
  options.pseudo_labels = file;
  return options;
}

std::string make_guesses(RunOptions options, const std::string& weights) {
  const SavedModel teacher = load_model(weights);
  const auto dataset = open_data(options);
  const data::Split split = split_data(options, *dataset);
  const Device device = device_from(options.device);
  nn::move_to(*teacher.model, device);
  return guesses_csv(
      *dataset, guess(*teacher.model, *dataset, split.unlabelled, teacher.card.img_size, options.eval_batch, device));
}

}  // namespace s4l::methods
