#include <algorithm>
#include <cstdlib>
#include <ctime>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "s4l/apps/machine.h"
#include "s4l/apps/report.h"
#include "s4l/apps/run_report.h"
#include "s4l/apps/settings.h"
#include "s4l/apps/table.h"
#include "s4l/methods/training/run_files.h"

namespace s4l::apps {
namespace {

std::string labels_asked(const methods::RunOptions& options) {
  if (!options.labels_file.empty()) return options.labels_file;
  if (options.labels_per_class >= 0) return fmt::format("{} per class", options.labels_per_class);
  const std::string& labels = options.labels;
  if (labels.ends_with('n')) return labels.substr(0, labels.size() - 1);
  return labels.substr(0, labels.find('%')) + " %";
}

std::string per_class_text(const std::vector<std::int64_t>& counts) {
  const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
  if (*least == *most) return fmt::format("{} per class", *least);
  return fmt::format("{}–{} per class", *least, *most);
}

std::string short_number(std::int64_t n) {
  if (n >= 10'000'000) return fmt::format("{:.0f} M", static_cast<double>(n) / 1e6);
  if (n >= 1'000'000) return fmt::format("{:.1f} M", static_cast<double>(n) / 1e6);
  return n >= 1000 ? fmt::format("{:.0f} k", static_cast<double>(n) / 1e3) : std::to_string(n);
}

std::string about(double seconds) {
  if (seconds < 90) return fmt::format("about {:.0f} s", std::max(seconds, 1.0));
  return seconds < 5400 ? fmt::format("about {:.0f} min", seconds / 60) : fmt::format("about {:.1f} h", seconds / 3600);
}

// "16 + 32 pictures x 4", "16 pictures + 32 x 2" or "32 pictures x 4": what the network sees, and in how many views.
std::string step_text(const methods::RunOptions& options, const methods::Plan& plan) {
  const std::int64_t labelled = plan.labelled_rows > 0 ? options.batch_size : 0, unlabelled = plan.unlabelled_pictures;
  const auto times = [](std::int64_t views) { return views > 1 ? fmt::format(" x {}", views) : std::string(); };
  const std::string of_labelled = labelled == 0 ? "" : times(plan.labelled_rows / labelled);
  const std::string of_unlabelled = unlabelled == 0 ? of_labelled : times(plan.unlabelled_rows / unlabelled);
  if (unlabelled == 0) return fmt::format("{} pictures{}", labelled, of_labelled);
  if (labelled == 0) return fmt::format("{} pictures{}", unlabelled, of_unlabelled);
  if (of_labelled == of_unlabelled) return fmt::format("{} + {} pictures{}", labelled, unlabelled, of_labelled);
  return fmt::format("{} pictures{} + {}{}", labelled, of_labelled, unlabelled, of_unlabelled);
}

std::string reported_text(const methods::RunResult& result, std::size_t validation) {
  if (!result.best_on_validation)
    return fmt::format("step {}, the last: too few labels for validation", result.reported_step);
  return fmt::format("step {}, best on validation ({})", result.reported_step,
                     counted(static_cast<long long>(validation), "picture"));
}

std::string learned_text(const methods::Run& run) {
  const auto labelled = static_cast<long long>(run.split().labelled.size());
  const char* guessed = run.options().pseudo_labels.empty() ? "" : ", guessed by the stage before,";
  return fmt::format("{}{} by {}, seed {}", counted(labelled, "label"), guessed, run.options().method,
                     run.options().seed);
}

/// Now, or what SOURCE_DATE_EPOCH says, for files that are to be the same each time.
std::time_t start_time() {
  const char* epoch = std::getenv("SOURCE_DATE_EPOCH");
  if (epoch == nullptr || *epoch == '\0') return std::time(nullptr);
  return static_cast<std::time_t>(number_from("SOURCE_DATE_EPOCH", epoch));
}

}  // namespace

void tell_damaged(Log& log, const std::vector<data::Damaged>& damaged) {
  for (const data::Damaged& one : damaged) log.warning(fmt::format("left out: {}: {}", one.path, one.reason));
  if (damaged.size() > 1)
    log.warning(fmt::format("{} left out", counted(static_cast<long long>(damaged.size()), "damaged picture")));
}

void tell_data(Log& log, const data::Dataset& dataset) {
  tell_damaged(log, dataset.damaged());
  for (const std::string& note : dataset.notes()) log.warning(note);
}

void tell_plan(Log& log, const methods::Run& run, const methods::Plan& plan) {
  const methods::RunOptions& options = run.options();
  tell_data(log, run.dataset());
  std::string text =
      fmt::format("{}: {} -> {} labelled of {}, {}", options.dataset, labels_asked(options), with_commas(plan.labelled),
                  counted(plan.unlabelled + plan.val, "picture"), per_class_text(plan.labelled_per_class));
  if (plan.val > 0) text += fmt::format("; {} more for validation", with_commas(plan.val));
  log.line(text + fmt::format("; {} unlabelled; {} test; seed {}; split {}…", with_commas(plan.unlabelled),
                              with_commas(plan.test), options.seed, run.split_hash().substr(0, 8)));
  text = fmt::format("model {}, {} parameters, pictures {}x{}; {} of {}", options.model, short_number(plan.parameters),
                     options.img_size, options.img_size, counted(plan.steps, "step"), step_text(options, plan));
  if (plan.seconds_per_step > 0)
    text += fmt::format("; {} (by 2 steps), {:.0f} MiB of tensors", about(plan.seconds()), plan.peak_bytes / (1 << 20));
  log.line(text);
  if (!plan.pretrained.empty()) log.line(plan.pretrained);
  if (options.sched == "cosine" && 4 * options.warmup_steps > options.steps)
    log.line(fmt::format("note: the learning rate rises during {} of the {} (--warmup-steps)",
                         std::min(options.warmup_steps, options.steps), counted(options.steps, "step")));
}

void tell_chosen(Log& log, const methods::RunOptions& asked, const methods::RunOptions& used) {
  std::string text;
  if (asked.model.empty() && asked.pretrained.empty()) text += fmt::format(" --model {}", used.model);
  if (asked.img_size == 0) text += fmt::format(" --img-size {}", used.img_size);
  if (asked.batch_size == 0) text += fmt::format(" --batch-size {}", used.batch_size);
  if (asked.steps == 0 && asked.epochs == 0 && used.sched == "cosine") text += fmt::format(" --steps {}", used.steps);
  if (!text.empty()) log.line("chosen by the pictures and the device:" + text);
}

io::Json plan_json(const methods::Run& run, const methods::Plan& plan) {
  io::Json json;
  json.set("method", run.options().method);
  json.set("dataset", run.options().dataset);
  json.set("model", run.options().model);
  json.set("labelled", plan.labelled);
  json.set("unlabelled", plan.unlabelled);
  json.set("val", plan.val);
  json.set("test", plan.test);
  json.set("damaged", plan.damaged);
  json.set("split", run.split_hash());
  json.set("parameters", plan.parameters);
  json.set("steps", plan.steps);
  json.set("rows_per_step", plan.rows_per_step());
  json.set("seconds", plan.seconds());
  json.set("peak_bytes", plan.peak_bytes);
  return json;
}

std::string result_text(const methods::Run& run, const methods::RunResult& result, const std::string& folder) {
  const std::string weights = result.best_on_validation ? "best" : "last";
  return evaluation_text(
      result.test, run.dataset().class_names(),
      {{"reported", reported_text(result, run.split().val.size())},
       {"learned from", learned_text(run)},
       {"trained", fmt::format("{} in {}{}", counted(result.steps, "step"), clock(result.seconds),
                               result.steps < run.options().steps ? ", ended by --patience" : "")},
       {"files", fmt::format("{}: weights/{}.safetensors, report.html, eval/, metrics.csv", folder, weights)}});
}

io::Json result_json(const methods::Run& run, const methods::RunResult& result, const std::string& folder) {
  io::Json json;
  json.set("method", run.options().method);
  json.set("dataset", run.options().dataset);
  json.set("seed", static_cast<std::int64_t>(run.options().seed));
  json.set("labelled", static_cast<std::int64_t>(run.split().labelled.size()));
  json.set("split", run.split_hash());
  json.set("steps", result.steps);
  json.set("seconds", result.seconds);
  json.set("reported_step", result.reported_step);
  json.set("best_on_validation", result.best_on_validation);
  json.set("test", methods::evaluation_json(result.test, run.dataset().class_names()));
  json.set("folder", folder);
  return json;
}

io::Json environment_json(const methods::Run& run, const std::string& command_line) {
  io::Json json;
  for (const auto& [name, fact] : machine_facts()) json.set(name, fact);
  json.set("command_line", command_line);
  json.set("split", run.split_hash());
  json.set("started", fmt::format("{:%FT%TZ}", fmt::gmtime(start_time())));
  return json;
}

}  // namespace s4l::apps
