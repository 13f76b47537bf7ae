#include "s4l/methods/training/run_files.h"

#include <algorithm>
#include <cmath>

#include "s4l/core/io/file.h"
#include "s4l/core/io/json.h"
#include "s4l/data/loader.h"
#include "s4l/data/write_png.h"
#include "s4l/methods/training/run_setup.h"

namespace s4l::methods {
namespace {

io::Json figures(const Score& score) {
  const Interval top1 = wilson(score.top1, score.n), top5 = wilson(score.top5, score.n);
  io::Json json;
  json.set("pictures", score.n);
  json.set("top-1-acc", score.accuracy());
  json.set("top-1-acc-95", io::Json::Array{top1.low, top1.high});
  json.set("top-5-acc", score.top5_accuracy());
  json.set("top-5-acc-95", io::Json::Array{top5.low, top5.high});
  json.set("loss", score.loss);
  return json;
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string cell = "\"";
  for (char c : text) cell += c == '"' ? "\"\"" : std::string(1, c);
  return cell + "\"";
}

/// Enlarged by whole pixels until its side is at least 96: small pictures can be looked at.
data::Image enlarged(const data::Image& image) {
  const int factor = std::max(1, 96 / std::max(1, image.width));
  data::Image large(image.height * factor, image.width * factor);
  for (int y = 0; y < large.height; ++y)
    for (int x = 0; x < large.width; ++x) std::copy_n(image.at(y / factor, x / factor), 3, large.at(y, x));
  return large;
}

/// Rows of network input (n, H, W, 3) as pictures again.
std::vector<data::Image> pictures_of(const Tensor& rows, const Normalization& normalization) {
  const auto values = values_of<float>(rows);
  const auto height = static_cast<int>(rows.shape()[1]), width = static_cast<int>(rows.shape()[2]);
  std::vector<data::Image> images;
  for (std::int64_t i = 0; i < rows.shape()[0]; ++i) {
    data::Image image(height, width);
    const float* from = values.data() + i * static_cast<std::int64_t>(image.pixels.size());
    for (std::size_t k = 0; k < image.pixels.size(); ++k) {
      const float byte = 255 * (from[k] * normalization.deviation[k % 3] + normalization.mean[k % 3]);
      image.pixels[k] = static_cast<std::uint8_t>(std::clamp(std::lround(byte), 0L, 255L));
    }
    images.push_back(enlarged(image));
  }
  return images;
}

}  // namespace

void write_evaluation(const std::string& folder, const data::Dataset& dataset, const Evaluation& test) {
  const auto& names = dataset.class_names();
  io::Json summary;
  summary.set("unrotated", figures(test.unrotated));
  if (test.rot_avg) summary.set("rot_avg", figures(*test.rot_avg));
  io::save_atomically(folder + "/eval/summary.json", summary.dump(2) + "\n");

  std::string per_class = "class,support,precision,recall,f1\n", confusion = "label";
  const auto classes = test.per_class();
  for (std::size_t c = 0; c < classes.size(); ++c) {
    per_class += quoted(names[c]) + "," + to_text(classes[c].support) + "," + to_text(classes[c].precision) + "," +
                 to_text(classes[c].recall) + "," + to_text(classes[c].f1) + "\n";
    confusion += "," + quoted(names[c]);
  }
  for (std::size_t c = 0; c < classes.size(); ++c) {
    confusion += "\n" + quoted(names[c]);
    for (std::size_t k = 0; k < classes.size(); ++k) confusion += "," + to_text(test.confusion[c * classes.size() + k]);
  }
  io::save_atomically(folder + "/eval/per_class.csv", per_class);
  io::save_atomically(folder + "/eval/confusion.csv", confusion + "\n");

  std::string predictions = "path,label,predicted,confidence\n";
  for (const Prediction& p : test.predictions)
    predictions += quoted(dataset.path(p.index)) + "," + (p.label < 0 ? "" : quoted(names[static_cast<std::size_t>(p.label)])) +
                   "," + quoted(names[static_cast<std::size_t>(p.predicted)]) + "," + to_text(p.confidence) + "\n";
  io::save_atomically(folder + "/eval/predictions.csv", predictions);
}

void write_samples(const std::string& folder, const data::Dataset& dataset, const data::Split& split,
                   const RunOptions& options, const std::string& view) {
  const data::Pipeline plain(options.preprocess_eval), train(with_view(options.augment, view));
  std::vector<data::Image> labelled, network_input;
  const std::size_t shown = std::min<std::size_t>(50, split.labelled.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const std::int64_t index = split.labelled[i * split.labelled.size() / shown];
    Rng rng(options.seed, Purpose::augment, i);
    labelled.push_back(enlarged(plain.run(dataset.whole_image(index), rng, false).image));
    if (i >= 8) continue;
    const data::Pipeline::Result result = train.run(dataset.whole_image(index), rng, true);
    const Tensor u8 = from_values(result.image.pixels, {1, result.image.height, result.image.width, 3});
    const Tensor flip = from_values(std::vector<std::uint8_t>{result.flip}, {1});
    for (data::Image& row : pictures_of(rotation_batch(u8, {}, flip, train.tail()), train.tail().normalization))
      network_input.push_back(std::move(row));
  }
  data::write_png(folder + "/samples/labelled.png", data::contact_sheet(labelled, 10));
  data::write_png(folder + "/samples/network_input.png", data::contact_sheet(network_input, 4 * train.views()));
}

}  // namespace s4l::methods
