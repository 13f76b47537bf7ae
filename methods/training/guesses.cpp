#include "s4l/methods/training/guesses.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "s4l/core/autograd.h"
#include "s4l/data/csv.h"
#include "s4l/data/loader.h"
#include "s4l/methods/training/eval_batches.h"

namespace s4l::methods {
namespace {

struct Answer {
  std::int64_t label;
  double confidence;
};

Answer answer_of(const std::vector<double>& z) {
  const auto best = std::max_element(z.begin(), z.end());
  double sum = 0;
  for (const double value : z) sum += std::exp(value - *best);
  return {best - z.begin(), 1 / sum};
}

/// The guess from the `views` rows of logits of one picture, the upright middle crop first.
Guess guess_from(std::int64_t index, const float* rows, int views, std::int64_t classes) {
  std::vector<double> centre(rows, rows + classes), mean(static_cast<std::size_t>(classes));
  for (int view = 0; view < views; ++view)
    for (std::int64_t k = 0; k < classes; ++k)
      mean[static_cast<std::size_t>(k)] += static_cast<double>(rows[view * classes + k]) / views;
  const Answer first = answer_of(centre), all = answer_of(mean);
  return {index, first.label, all.label, first.confidence, all.confidence};
}

std::size_t column_of(const data::CsvRow& header, const std::string& name) {
  const auto found = std::find(header.fields.begin(), header.fields.end(), name);
  if (found == header.fields.end())
    fail(ErrorKind::data, "pseudo-labels: expected a column \"{}\" in the first line, got none", name);
  return static_cast<std::size_t>(found - header.fields.begin());
}

template <class Key>
std::int64_t number_of(const std::map<std::string, std::int64_t>& known, const Key& key, const char* what,
                       std::int64_t line) {
  const auto found = known.find(key);
  if (found == known.end())
    fail(ErrorKind::data, "pseudo-labels: line {}: expected a {} of the data set, got \"{}\"", line, what, key);
  return found->second;
}

}  // namespace

std::string guess_pipeline(int img_size) {
  const std::string side = std::to_string(img_size);
  return "resize_small(" + std::to_string(img_size * 8 / 7) + ")|multi_crop(" + side + ")|-1_to_1|rotate";
}

std::vector<Guess> guess(nn::Classifier& model, const data::Dataset& dataset, const std::vector<std::int64_t>& indices,
                         int img_size, std::int64_t batch, Device device) {
  const NoGrad no_grad;
  const data::Pipeline pipeline(guess_pipeline(img_size));
  const int views = pipeline.views();
  const auto classes = static_cast<std::int64_t>(dataset.classes());
  const std::int64_t at_once = std::max<std::int64_t>(1, batch / views);
  std::vector<Guess> guesses;
  for_eval_batches(static_cast<std::int64_t>(indices.size()), at_once, [&](std::int64_t begin, std::int64_t end) {
    const data::EvalBatch rows = data::eval_batch(dataset, indices, begin, end, pipeline, device);
    const auto z = values_of<float>(model.forward(rows.pictures.rows(pipeline.tail()), nn::Mode::eval));
    for (std::int64_t i = 0; i < end - begin; ++i) {
      const std::int64_t index = indices[static_cast<std::size_t>(begin + i)];
      const std::string path = dataset.path(index);
      const auto is_it = [&](const data::Damaged& damaged) { return damaged.path == path; };
      if (std::none_of(rows.damaged.begin(), rows.damaged.end(), is_it))
        guesses.push_back(guess_from(index, z.data() + i * views * classes, views, classes));
    }
  });
  return guesses;
}

std::string guesses_csv(const data::Dataset& dataset, const std::vector<Guess>& guesses) {
  const auto name = [&](std::int64_t label) {
    return data::csv_field(dataset.class_names()[static_cast<std::size_t>(label)]);
  };
  std::string csv = "path,centre,average,centre-confidence,average-confidence\n";
  for (const Guess& g : guesses)
    csv += data::csv_field(dataset.path(g.index)) + "," + name(g.centre) + "," + name(g.average) + "," +
           to_text(g.centre_confidence) + "," + to_text(g.average_confidence) + "\n";
  return csv;
}

std::vector<std::int64_t> labels_from_guesses(const data::Dataset& dataset, const data::Split& split,
                                              const std::string& csv, const std::string& column) {
  std::map<std::string, std::int64_t> pictures, classes;
  for (std::int64_t index : split.unlabelled) pictures[dataset.path(index)] = index;
  for (std::int64_t c = 0; c < dataset.classes(); ++c) classes[dataset.class_names()[static_cast<std::size_t>(c)]] = c;
  std::vector<std::int64_t> labels(static_cast<std::size_t>(dataset.size()), -1);
  const auto rows = data::parse_csv(csv);
  if (rows.empty()) fail(ErrorKind::data, "pseudo-labels: expected a table with a column \"{}\", got nothing", column);
  const std::size_t path = column_of(rows[0], "path"), label = column_of(rows[0], column);
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const auto& [line, fields] = rows[i];
    if (fields.size() != rows[0].fields.size())
      fail(ErrorKind::data, "pseudo-labels: line {}: expected {} fields, got {}", line, rows[0].fields.size(),
           fields.size());
    const std::int64_t index = number_of(pictures, fields[path], "training picture", line);
    labels[static_cast<std::size_t>(index)] = number_of(classes, fields[label], "class", line);
  }
  for (const auto* known : {&split.labelled, &split.val, &split.test})
    for (const std::int64_t index : *known) labels[static_cast<std::size_t>(index)] = dataset.label(index);
  return labels;
}

}  // namespace s4l::methods
