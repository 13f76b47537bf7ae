#include "s4l/methods/training/run_files.h"

#include <algorithm>
#include <cmath>

#include "s4l/core/io/file.h"
#include "s4l/data/csv.h"
#include "s4l/data/loader.h"
#include "s4l/data/picture_stream.h"
#include "s4l/data/write_png.h"
#include "s4l/methods/training/run_setup.h"

namespace s4l::methods {
namespace {

io::Json score_json(const Score& score) {
  const auto interval = [](std::int64_t hits, std::int64_t n) {
    const Interval bounds = wilson(hits, n);
    return io::Json::Array{bounds.low, bounds.high};
  };
  io::Json json;
  json.set("pictures", score.n);
  json.set("top-1-acc", score.accuracy());
  json.set("top-1-acc-95", interval(score.top1, score.n));
  json.set("top-5-acc", score.top5_accuracy());
  json.set("top-5-acc-95", interval(score.top5, score.n));
  json.set("loss", score.loss);
  return json;
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

std::string predictions_csv(const data::Dataset& dataset, const std::vector<Prediction>& predictions) {
  const auto& names = dataset.class_names();
  std::string csv = "path,label,predicted,confidence\n";
  for (const Prediction& p : predictions) {
    const std::string label = p.label < 0 ? "" : names[static_cast<std::size_t>(p.label)];
    csv += data::csv_field(dataset.path(p.index)) + "," + data::csv_field(label) + "," +
           data::csv_field(names[static_cast<std::size_t>(p.predicted)]) + "," + to_text(p.confidence) + "\n";
  }
  return csv;
}

}  // namespace

io::Json evaluation_json(const Evaluation& evaluation, const std::vector<std::string>& class_names) {
  io::Json json;
  json.set("unrotated", score_json(evaluation.unrotated));
  if (evaluation.rot_avg) json.set("rot_avg", score_json(*evaluation.rot_avg));
  io::Json per_class;
  const auto classes = evaluation.per_class();
  for (std::size_t i = 0; i < classes.size(); ++i) {
    io::Json figures;
    figures.set("support", classes[i].support);
    figures.set("precision", classes[i].precision);
    figures.set("recall", classes[i].recall);
    figures.set("f1", classes[i].f1);
    per_class.set(class_names[i], figures);
  }
  json.set("per_class", per_class);
  json.set("ece", evaluation.calibration_error());
  return json;
}

void write_evaluation(const std::string& folder, const data::Dataset& dataset, const std::string& split_hash,
                      const RunResult& result) {
  const Evaluation& test = result.test;
  const auto& names = dataset.class_names();
  io::Json summary = evaluation_json(test, names);
  summary.set("weights", result.best_on_validation ? "weights/best.safetensors" : "weights/last.safetensors");
  summary.set("split_hash", split_hash);
  summary.set("reported_step", result.reported_step);
  summary.set("best_on_validation", result.best_on_validation);
  io::save_atomically(folder + "/eval/summary.json", summary.dump(2) + "\n");

  std::string per_class = "class,support,precision,recall,f1\n", confusion = "label";
  const auto classes = test.per_class();
  for (std::size_t c = 0; c < classes.size(); ++c) {
    per_class += data::csv_field(names[c]) + "," + to_text(classes[c].support) + "," + to_text(classes[c].precision) +
                 "," + to_text(classes[c].recall) + "," + to_text(classes[c].f1) + "\n";
    confusion += "," + data::csv_field(names[c]);
  }
  for (std::size_t c = 0; c < classes.size(); ++c) {
    confusion += "\n" + data::csv_field(names[c]);
    for (std::size_t k = 0; k < classes.size(); ++k) confusion += "," + to_text(test.confusion[c * classes.size() + k]);
  }
  io::save_atomically(folder + "/eval/per_class.csv", per_class);
  io::save_atomically(folder + "/eval/confusion.csv", confusion + "\n");

  io::save_atomically(folder + "/eval/predictions.csv", predictions_csv(dataset, test.predictions));
  io::save_atomically(folder + "/eval/errors.csv", predictions_csv(dataset, test.errors()));

  std::string calibration = "confidence_from,predictions,mean_confidence,accuracy\n";
  for (const CalibrationBin& bin : test.calibration())
    calibration +=
        to_text(bin.low) + "," + to_text(bin.n) + "," + to_text(bin.confidence) + "," + to_text(bin.accuracy) + "\n";
  io::save_atomically(folder + "/eval/calibration.csv", calibration);
}

void write_samples(const std::string& folder, const data::Dataset& dataset, const data::Split& split,
                   const RunOptions& options, const std::string& view) {
  const data::Pipeline plain(options.preprocess_eval), train(with_view(options.augment, view));
  std::vector<data::Image> labelled, network_input;
  const std::size_t shown = std::min<std::size_t>(50, split.labelled.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const std::int64_t index = split.labelled[i * split.labelled.size() / shown];
    Rng rng(options.seed, Purpose::augment, i);
    labelled.push_back(enlarged(plain.run(dataset.whole_image(index), rng, false)[0].image));
    if (i >= 8) continue;
    const std::vector<data::View> views = train.run(dataset.whole_image(index), rng, true);
    data::PictureRows rows(train.host_views(), {views[0].image.height, views[0].image.width}, train);
    rows.put(0, views, dataset.path(index));
    for (data::Image& row : pictures_of(data::on_device(rows, kCpu).rows(train.tail()), train.tail().normalization))
      network_input.push_back(std::move(row));
  }
  data::write_png(folder + "/samples/labelled.png", data::contact_sheet(labelled, 10));
  data::write_png(folder + "/samples/network_input.png", data::contact_sheet(network_input, 4 * train.views()));
}

}  // namespace s4l::methods
