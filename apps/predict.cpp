#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "s4l/apps/commands.h"
#include "s4l/apps/exit_code.h"
#include "s4l/apps/log_options.h"
#include "s4l/apps/photos.h"
#include "s4l/apps/settings.h"
#include "s4l/core/io/json.h"
#include "s4l/data/csv.h"

namespace s4l::apps {
namespace {

CommandLine predict_line() {
  CommandLine line{"predict",
                   "name the classes of pictures",
                   "",
                   "",
                   {{"top-k", "K", "the K likeliest classes", true, Takes::one, 'k', {"topk"}, "1"},
                    {"json", "", "JSON instead of CSV on stdout", true, Takes::none}},
                   {"s4l predict runs/rotation-10pct-s0 photos/ > predictions.csv",
                    "s4l predict best.safetensors a.jpg b.png --top-k 3 --json"}};
  line.note = "Exit code 1 if no file could be read, or with --strict if one could not.";
  add_photo_options(line);
  return line;
}

std::size_t top_k_from(const Arguments& arguments, std::size_t classes) {
  const std::string text = arguments.get("top-k", "1");
  const double k = number_from("--top-k", text);
  check(k >= 1 && k == std::floor(k), "--top-k: expected a whole number, 1 or more, got {}", text);
  return std::min(classes, static_cast<std::size_t>(k));
}

// The k likeliest classes; of equals the first.
std::vector<std::size_t> best(const std::vector<double>& probabilities, std::size_t k) {
  std::vector<std::size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return probabilities[a] > probabilities[b]; });
  order.resize(k);
  return order;
}

struct Answer {
  const std::string& path;
  const std::vector<double>& probabilities;
  std::vector<std::size_t> classes;
};

std::string csv_header(std::size_t k) {
  std::string text = "path,class,confidence";
  for (std::size_t i = 2; i <= k; ++i) text += fmt::format(",class_{0},confidence_{0}", i);
  return text + "\n";
}

std::string csv_row(const Answer& answer, const std::vector<std::string>& names) {
  std::string text = data::csv_field(answer.path);
  for (const std::size_t c : answer.classes)
    text += fmt::format(",{},{:.6g}", data::csv_field(names[c]), answer.probabilities[c]);
  return text + "\n";
}

io::Json json_row(const Answer& answer, const std::vector<std::string>& names) {
  io::Json::Array classes;
  for (const std::size_t c : answer.classes)
    classes.emplace_back(io::Json::Object{{"class", names[c]}, {"confidence", answer.probabilities[c]}});
  return io::Json::Object{{"path", answer.path}, {"classes", classes}};
}

// Rows go out as they come: a pipe can be read while the network works.
class Output {
 public:
  Output(bool json, std::size_t k) : json_(json) { fmt::print("{}", json ? "[" : csv_header(k)); }
  void put(const Answer& answer, const std::vector<std::string>& names) {
    if (json_)
      row(json_row(answer, names));
    else
      fmt::print("{}", csv_row(answer, names));
  }
  void put(const data::Damaged& damaged) {
    if (json_) row(io::Json::Object{{"path", damaged.path}, {"error", damaged.reason}});
  }
  void finish() {
    if (json_) fmt::print("\n]\n");
  }

 private:
  void row(const io::Json& json) {
    fmt::print("{}\n{}", first_ ? "" : ",", json.dump());
    first_ = false;
  }
  bool json_, first_ = true;
};

int predict(const Arguments& arguments) {
  const PhotoRequest request = photo_request_from(arguments, "predict");
  const std::vector<std::string>& names = request.predictor.card().class_names;
  const std::size_t k = top_k_from(arguments, names.size());
  Log log = log_from(arguments);
  Output output(arguments.on("json"), k);
  const int code = for_each_batch(request, log, [&](const PhotoBatch& batch) {
    for (const data::Damaged& damaged : batch.damaged) output.put(damaged);
    if (batch.paths.empty()) return;
    const auto probabilities = request.predictor.probabilities(batch.features);
    log.clear();
    for (std::size_t i = 0; i < batch.paths.size(); ++i)
      output.put({batch.paths[i], probabilities[i], best(probabilities[i], k)}, names);
    std::fflush(stdout);
  });
  output.finish();
  return code;
}

}  // namespace

Command predict_command() { return {"predict", nullptr, predict_line, predict}; }

}  // namespace s4l::apps
