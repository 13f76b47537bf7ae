#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "s4l/data/split.h"
#include "s4l/nn/module.h"

namespace s4l::methods {

/// A network's answer for a picture, from five crops in four rotations each (spec 2.5.1): that of the upright middle
/// crop, and that of the mean of all twenty logits.
struct Guess {
  std::int64_t index = 0;  ///< of the picture in the data set
  std::int64_t centre = 0, average = 0;
  double centre_confidence = 0, average_confidence = 0;  ///< softmax of the class that was guessed
};

/// The pipeline of the twenty views for a network of pictures with side `img_size`.
std::string guess_pipeline(int img_size);
/// Answers for the pictures `indices`, with the running statistics of `model`; a picture that cannot be decoded has
/// none.
std::vector<Guess> guess(nn::Classifier& model, const data::Dataset& dataset, const std::vector<std::int64_t>& indices,
                         int img_size, std::int64_t batch, Device device);

/// path,centre,average,centre-confidence,average-confidence, with the classes' names.
std::string guesses_csv(const data::Dataset& dataset, const std::vector<Guess>& guesses);
/// Labels for the whole data set: the true ones where they are known (labelled, val and test of `split`), those of
/// `csv`'s column ("centre", "average" or whatever it is called) for the other training pictures, -1 for those it does
/// not list. Throws Error(data) that names the line of an unknown path or class, or what the header lacks.
std::vector<std::int64_t> labels_from_guesses(const data::Dataset& dataset, const data::Split& split,
                                              const std::string& csv, const std::string& column);

}  // namespace s4l::methods
