#include "s4l/methods/training/predictor.h"

#include <algorithm>
#include <cmath>

#include "s4l/core/autograd.h"
#include "s4l/data/decode.h"
#include "s4l/data/transforms/picture.h"
#include "s4l/data/loader.h"
#include "s4l/data/picture_stream.h"
#include "s4l/nn/walk.h"

namespace s4l::methods {
namespace {

std::vector<double> softmax(std::span<const float> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  std::vector<double> shares;
  double sum = 0;
  for (const float z : logits) sum += shares.emplace_back(std::exp(static_cast<double>(z) - largest));
  for (double& share : shares) share /= sum;
  return shares;
}

}  // namespace

Predictor::Predictor(SavedModel saved, Device device)
    : saved_(std::move(saved)), pipeline_(saved_.card.preprocess_eval), device_(device) {
  nn::move_to(*saved_.model, device);
}

data::View Predictor::prepare(std::span<const std::uint8_t> bytes) const {
  const data::Size size = data::picture_size(bytes);
  Rng rng(0, Purpose::augment);  // evaluation draws nothing
  const data::Picture picture(size, [bytes](data::Box box) { return data::decode(bytes, box); });
  return pipeline_.run(picture, rng, false).at(0);
}

Tensor Predictor::features(const std::vector<data::View>& pictures) const {
  check(!pictures.empty(), "predict: expected at least one picture, got none");
  const NoGrad no_grad;
  data::PictureRows rows(static_cast<std::int64_t>(pictures.size()),
                         {pictures[0].image.height, pictures[0].image.width}, pipeline_);
  for (std::size_t i = 0; i < pictures.size(); ++i)
    rows.put(static_cast<std::int64_t>(i), {pictures[i]}, "picture " + std::to_string(i + 1));
  return saved_.model->features(data::on_device(rows, device_).rows(pipeline_.tail()), nn::Mode::eval);
}

std::vector<std::vector<double>> Predictor::probabilities(const Tensor& features) const {
  const NoGrad no_grad;
  const Tensor logits = saved_.model->logits(features);
  const auto classes = static_cast<std::size_t>(logits.shape().last());
  const auto values = values_of<float>(logits);
  std::vector<std::vector<double>> rows;
  for (std::size_t begin = 0; begin < values.size(); begin += classes)
    rows.push_back(softmax(std::span(values).subspan(begin, classes)));
  return rows;
}

}  // namespace s4l::methods
