#include "s4l/methods/report/report.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <regex>
#include <set>

#include "../core/new_folder.h"
#include "s4l/core/io/file.h"
#include "s4l/core/io/json.h"
#include "s4l/methods/report/plots.h"

using namespace s4l;
using namespace s4l::methods;

namespace {

/// Every tag is closed in the right order, as a browser that reads XML would demand.
void check_nesting(const std::string& text) {
  static const std::set<std::string> kVoid = {"meta", "img", "br"};
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-zA-Z0-9]+)(\"[^\"]*\"|[^\"<>])*?(/?)>");
  for (std::sregex_iterator found(text.begin(), text.end(), tag), end; found != end; ++found) {
    const std::string name = (*found)[2];
    if ((*found)[1].length() > 0) {
      REQUIRE_FALSE(open.empty());
      REQUIRE(open.back() == name);
      open.pop_back();
    } else if ((*found)[4].length() == 0 && kVoid.count(name) == 0) {
      open.push_back(name);
    }
  }
  CHECK(open.empty());
}

/// Base 64 is long and holds no tag: the page without it.
std::string without_pictures(const std::string& page) {
  std::string text;
  for (std::size_t at = 0; at < page.size();) {
    const std::size_t data = page.find("base64,", at);
    text += page.substr(at, data == page.npos ? page.npos : data - at);
    at = data == page.npos ? page.size() : page.find('"', data);
  }
  return text;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++times;
  return times;
}

RunOptions short_run(const char* labels) {
  RunOptions o;
  o.dataset_options = {{"train", "200"}, {"test", "30"}};
  o.labels = labels;
  o.width = 0.125;
  o.steps = 6;
  o.batch_size = 3;
  o.uratio = 1;
  o.log_interval = 2;
  o.eval_interval = 3;
  o.workers = 1;
  return o;
}

Evaluation two_classes() {
  Evaluation e;
  e.classes = 2;
  e.confusion = {3, 1, 2, 4};
  e.predictions = {{0, 0, 0, 0.95}, {1, 0, 1, 0.55}, {2, 1, 1, 1.0}, {3, 1, 0, 0.75}};
  return e;
}

}  // namespace

TEST_CASE("a run leaves every file that the convention names") {
  const test::NewFolder folder;
  Run run(short_run("100"));
  const RunResult result = run.train(folder.path(), false, {});
  REQUIRE(result.best_on_validation);
  for (const char* name : {"split.csv",
                           "metrics.csv",
                           "metrics.jsonl",
                           "checkpoints/last.s4l",
                           "checkpoints/best.s4l",
                           "checkpoints/step-000006.s4l",
                           "weights/best.safetensors",
                           "weights/last.safetensors",
                           "plots/loss.svg",
                           "plots/accuracy.svg",
                           "plots/learning_rate.svg",
                           "plots/confusion.svg",
                           "plots/reliability.svg",
                           "samples/labelled.png",
                           "samples/network_input.png",
                           "eval/summary.json",
                           "eval/per_class.csv",
                           "eval/confusion.csv",
                           "eval/errors.csv",
                           "eval/calibration.csv",
                           "eval/predictions.csv",
                           "report.html"}) {
    INFO(name);
    CHECK(std::filesystem::exists(folder / name));
  }
  const io::TensorFile best = io::load_tensors(folder / "checkpoints/best.s4l");
  CHECK(best.metadata.at("step") == std::to_string(result.reported_step));
  CHECK(best.metadata.at("best_step") == best.metadata.at("step"));
  CHECK(best.find("momentum/head.fc.weight") != nullptr);  // everything, not the weights alone
}

TEST_CASE("the report is one well-nested page that needs nothing else") {
  const test::NewFolder folder;
  Run run(short_run("100"));
  const RunResult result = run.train(folder.path(), false, {});
  const std::string whole = io::read_file(folder / "report.html"), page = without_pictures(whole);
  CHECK(whole.size() < 3'000'000);
  check_nesting(page);
  for (const char* outside : {"<script", "<link", "http:", "https:", "@import", "url("}) {
    INFO(outside);
    CHECK(page.find(outside) == page.npos);
  }
  CHECK(page.find(run.split_hash()) != page.npos);
  for (const std::string& name : run.dataset().class_names()) CHECK(page.find("<td>" + name + "</td>") != page.npos);
  CHECK(page.find("95 % interval") != page.npos);
  CHECK(page.find("did best on the validation pictures") != page.npos);
  CHECK(count(page, "<svg ") == 5);
  const std::size_t errors = std::min<std::size_t>(24, result.test.errors().size());
  CHECK(count(page, "<figure>") == 20 + errors);
  CHECK(count(page, "base64") == 0);
  CHECK(count(whole, "data:image/png;base64,iVBORw0KGgo") == 20 + errors + 1);
}

TEST_CASE("without validation the last weights are reported, and report and summary say so") {
  const test::NewFolder folder;
  Run run(short_run("20n"));
  CHECK_FALSE(run.train(folder.path(), false, {}).best_on_validation);
  CHECK_FALSE(std::filesystem::exists(folder / "weights/best.safetensors"));
  CHECK_FALSE(std::filesystem::exists(folder / "checkpoints/best.s4l"));
  const io::Json summary = io::parse_json(io::read_file(folder / "eval/summary.json"));
  CHECK(summary.at("weights").string() == "weights/last.safetensors");
  CHECK(summary.at("reported_step").integer() == 6);
  CHECK(io::read_file(folder / "report.html").find("too few labels for validation") != std::string::npos);
}

TEST_CASE("curves put every loss, every accuracy and the learning rate where they belong") {
  const std::vector<MetricsLog::Row> rows = {
      {10, {{"train/loss", 4.0}, {"train/acc", 0.1}, {"train/rot_acc", 0.3}, {"lr", 0.05}}},
      {20, {{"train/loss", 2.0}, {"train/acc", 0.5}, {"train/rot_acc", 0.9}, {"lr", 0.0}}},
      {20, {{"val/loss", 3.0}, {"val/top-1-acc", 0.4}, {"val/top-5-acc", 1.0}}},
      {20, {{"test/top-1-acc", 0.5}}}};
  const auto plots = curves(rows, 20), earlier = curves(rows, 10);
  // What was tested are the weights of the reported step, wherever its row stands.
  CHECK(plots[1].second.file().find("cx=\"285\"") == std::string::npos);
  CHECK(earlier[1].second.file().find("cx=\"285\"") != std::string::npos);  // half-way between 58 and 512
  REQUIRE(plots.size() == 3);
  for (const auto& [name, plot] : plots) check_nesting(plot.file());
  CHECK(plots[0].first == "loss");
  CHECK(plots[0].second.file().find(">val/loss<") != std::string::npos);
  CHECK(plots[1].second.file().find(">train/rot_acc<") != std::string::npos);
  CHECK(plots[1].second.file().find("top-5") == std::string::npos);
  // Loss 4 to 2 on an axis of 0 to 4 of 210 pixels: the second point lies 105 below the first.
  const std::string svg = plots[0].second.file();
  std::smatch line;
  REQUIRE(std::regex_search(
      svg, line, std::regex("polyline class=\"c0 stroke\" points=\"([0-9.]+),([0-9.]+) ([0-9.]+),([0-9.]+) ")));
  CHECK(std::stod(line[4]) - std::stod(line[2]) == Approx(105));
  CHECK(std::stod(line[3]) == Approx(512));  // the last step at the right border
  CHECK(curves({}, 0).empty());
}

TEST_CASE("plots bear awkward values: not finite, a single point, thousands of points") {
  std::vector<MetricsLog::Row> rows = {{1, {{"train/loss", std::nan("")}}}};
  check_nesting(curves(rows, 0).at(0).second.file());
  rows = {{1, {{"train/loss", 5.0}}}};
  CHECK(curves(rows, 0).at(0).second.file().find("<circle") != std::string::npos);
  rows.clear();
  for (int step = 1; step <= 5000; ++step) rows.push_back({step, {{"train/loss", 1.0}}});
  CHECK(curves(rows, 0).at(0).second.file().size() < 20'000);
}

TEST_CASE("the confusion plot shows counts and shares, and names as they are") {
  const std::string svg = confusion_plot(two_classes(), {"R&D", "<b>"}).file();
  check_nesting(svg);
  CHECK(svg.find("R&amp;D recognised: 3, 75.0 % of R&amp;D") != std::string::npos);
  CHECK(svg.find("&lt;b&gt; taken for R&amp;D: 2, 33.3 % of &lt;b&gt;") != std::string::npos);
}

TEST_CASE("of many classes the confusion plot shows the 30 with the most errors") {
  Evaluation e;
  e.classes = 100;
  e.confusion.assign(100 * 100, 0);
  for (std::size_t c = 0; c < 100; ++c) e.confusion[c * 101] = 5;
  e.confusion[70 * 100 + 99] = 3;
  std::vector<std::string> names;
  for (int c = 0; c < 100; ++c) names.push_back("class " + std::to_string(c));
  const std::string svg = confusion_plot(e, names).file();
  CHECK(svg.find(">class 70<") != std::string::npos);
  CHECK(svg.find("class 70 taken for class 99: 3, 37.5 %") != std::string::npos);
  CHECK(svg.find(">class 50<") == std::string::npos);
  CHECK(svg.size() < 400'000);
}

TEST_CASE("the reliability diagram tells the calibration error and each bin") {
  const std::string svg = reliability_plot(two_classes()).file();
  check_nesting(svg);
  CHECK(svg.find("100.0 % of 2 right at a mean confidence of 97.5 %") != std::string::npos);
  CHECK(svg.find("ECE ") != std::string::npos);
  check_nesting(reliability_plot(Evaluation{}).file());
}
