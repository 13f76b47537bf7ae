#include "s4l/methods/report/report.h"

#include <filesystem>

#include "s4l/core/io/file.h"
#include "s4l/core/io/json.h"
#include "s4l/methods/report/html.h"
#include "s4l/methods/report/markup.h"
#include "s4l/methods/report/plots.h"

namespace s4l::methods {
namespace {

std::string card(const std::string& name, const std::string& value, const std::string& note, bool first = false) {
  return std::string("<div class=\"card") + (first ? " first" : "") + "\"><span class=\"soft\">" + escaped(name) +
         "</span><b>" + escaped(value) + "</b><span class=\"soft\">" + escaped(note) + "</span></div>\n";
}

std::string accuracy_card(const std::string& name, const Score& score, bool first) {
  const Interval interval = wilson(score.top1, score.n);
  return card(name, percentage(score.accuracy()),
              "95 % interval " + fixed(100 * interval.low, 1) + " – " + fixed(100 * interval.high, 1), first);
}

std::string reported(const Report& report) {
  const std::string step = "Step " + grouped(report.result.reported_step) + " is reported: ";
  if (report.result.best_on_validation) return step + "it did best on the validation pictures.";
  return step + "the last one, because there are too few labels for validation.";
}

std::string cards(const Report& report) {
  const Evaluation& test = report.result.test;
  std::string text = accuracy_card(test.rot_avg ? "test accuracy, upright" : "test accuracy", test.unrotated, true);
  if (test.rot_avg) text += accuracy_card("mean of four rotations", *test.rot_avg, false);
  const auto labels = static_cast<std::int64_t>(report.split.labelled.size());
  text += card("labels", grouped(labels),
               grouped(labels / report.dataset.classes()) + " or more for each of " +
                   grouped(report.dataset.classes()) + " classes");
  text += card("training", grouped(report.result.steps) + " steps", fixed(report.result.seconds, 0) + " seconds");
  return "<div class=\"cards\">\n" + text + "</div>\n";
}

std::string split_facts(const Report& report) {
  const data::Split& split = report.split;
  const auto count = [](const std::vector<std::int64_t>& part) {
    return grouped(static_cast<std::int64_t>(part.size()));
  };
  std::vector<std::pair<std::string, std::string>> facts = {
      {"data set", report.options.dataset},
      {"labelled", count(split.labelled)},
      {"unlabelled", count(split.unlabelled) + ", the labelled ones among them"},
      {"validation",
       split.val.empty() ? "none: a class has fewer than 10 labels" : count(split.val) + ", taken from the labels"},
      {"test", count(split.test) + ", read once after training"},
      {"seed", std::to_string(report.options.seed)},
      {"split hash", report.split_hash + " (SHA-256 of split.csv)"}};
  if (!report.options.data.empty()) facts.insert(facts.begin() + 1, {"folder", report.options.data});
  return html::facts(facts);
}

/// What the program wrote of the machine, if it did.
std::string environment(const std::string& folder) {
  if (!std::filesystem::exists(folder + "/environment.json")) return "";
  std::vector<std::pair<std::string, std::string>> facts;
  const io::Json json = io::parse_json(io::read_file(folder + "/environment.json"));
  for (const auto& [name, value] : json.object())
    facts.emplace_back(name, value.is_string() ? value.string() : value.dump());
  return html::section("Environment", html::facts(facts));
}

std::string settings(const std::string& folder) {
  if (!std::filesystem::exists(folder + "/config.toml")) return "";
  return html::section("Settings",
                       "<details><summary>config.toml: `s4l run --config config.toml` repeats the run"
                       "</summary><pre>" +
                           escaped(io::read_file(folder + "/config.toml")) + "</pre></details>\n");
}

std::string plots(const Report& report) {
  std::string text = "<div class=\"plots\">\n";
  for (const auto& [name, plot] : curves(report.rows, report.result.reported_step)) text += plot.element();
  return html::section("Training", text + "</div>\n");
}

std::string page(const std::string& folder, const Report& report) {
  const RunOptions& o = report.options;
  const Evaluation& test = report.result.test;
  const auto& names = report.dataset.class_names();
  const std::string title = o.method + " on " + o.dataset + ", " +
                            grouped(static_cast<std::int64_t>(report.split.labelled.size())) + " labels";
  std::string body = "<h1>" + escaped(title) + "</h1>\n<p class=\"soft\">" + escaped(o.model) + ", pictures of " +
                     std::to_string(o.img_size) + " × " + std::to_string(o.img_size) + ". " + reported(report) +
                     "</p>\n";
  body += cards(report) + html::section("Result", html::scores(test)) + plots(report);
  body += html::section("What is taken for what, and how sure it is",
                        "<div class=\"plots\">\n" + confusion_plot(test, names).element() +
                            reliability_plot(test).element() + "</div>\n");
  body += html::section("Classes, the worst first", html::class_table(test, names));
  body += html::section("The surest errors", html::surest_errors(report));
  const std::string input = html::picture_file(folder + "/samples/network_input.png", "rows as the network sees them");
  body += html::section("Labelled pictures", html::labelled_pictures(report) +
                                                 (input.empty() ? "" : "<h3>As the network sees them</h3>\n" + input));
  body += html::section("Data", split_facts(report)) + settings(folder) + environment(folder);
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta name=\"viewport\" "
         "content=\"width=device-width,initial-scale=1\">\n<title>" +
         escaped(title) + "</title>\n<style>" + html::style() + "</style></head>\n<body><main>\n" + body +
         "</main></body></html>\n";
}

}  // namespace

void write_plots(const std::string& folder, const Report& report) {
  io::make_folder(folder + "/plots");
  const Evaluation& test = report.result.test;
  for (const auto& [name, plot] : curves(report.rows, report.result.reported_step))
    io::save_atomically(folder + "/plots/" + name + ".svg", plot.file());
  io::save_atomically(folder + "/plots/confusion.svg", confusion_plot(test, report.dataset.class_names()).file());
  io::save_atomically(folder + "/plots/reliability.svg", reliability_plot(test).file());
}

void write_report(const std::string& folder, const Report& report) {
  io::save_atomically(folder + "/report.html", page(folder, report));
}

}  // namespace s4l::methods
