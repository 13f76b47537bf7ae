#include "s4l/apps/run_folder.h"

#include <array>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "s4l/core/error.h"
#include "s4l/core/io/file.h"

namespace s4l::apps {
namespace {

namespace fs = std::filesystem;

constexpr std::array kEntries = {"config.toml", "environment.json", "split.csv",   "train.log",
                                 "metrics.csv", "metrics.jsonl",    "checkpoints", "weights",
                                 "eval",        "samples",          "plots",       "report.html",
                                 "result.json", "pseudo_labels.csv"};
constexpr const char* kEvents = "events.out.tfevents.";

// Of what a run writes; the names of its event files hold time, host and process.
std::vector<fs::path> entries_of(const std::string& folder) {
  std::vector<fs::path> entries(kEntries.begin(), kEntries.end());
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with(kEvents)) entries.push_back(entry.path().filename());
  return entries;
}

bool is_run(const fs::path& folder) { return fs::exists(folder / "config.toml"); }

std::string labels_word(const methods::RunOptions& options) {
  const std::string& labels = options.labels;
  if (!options.labels_file.empty()) return fs::path(options.labels_file).stem().string();
  if (options.labels_per_class >= 0) return fmt::format("{}perclass", options.labels_per_class);
  if (labels.ends_with('n')) return labels.substr(0, labels.size() - 1) + "labels";
  return labels.substr(0, labels.find('%')) + "pct";
}

std::string numbered(const std::string& name, int number) {
  return number == 1 ? name : fmt::format("{}-{}", name, number);
}

}  // namespace

std::string default_folder(const methods::RunOptions& options, const std::string& name) {
  if (!name.empty()) return "runs/" + name;
  return fmt::format("runs/{}-{}-s{}", options.method, labels_word(options), options.seed);
}

std::string comparison_folder(const methods::RunOptions& options) {
  return fmt::format("runs/compare-{}", labels_word(options));
}

void check_may_take(const std::string& wanted, bool overwrite) {
  if (wanted.empty() || !fs::exists(wanted)) return;
  check(fs::is_directory(wanted), "--output: expected a folder, got the file {}", wanted);
  if (fs::is_empty(wanted)) return;
  check(is_run(wanted), "--output: expected a new folder or that of a run, got {}, which holds other files", wanted);
  check(overwrite, "--output: {} exists already; --resume continues it, --overwrite replaces it", wanted);
}

std::string make_run_folder(const std::string& wanted, const methods::RunOptions& options, const std::string& name) {
  if (!wanted.empty()) {
    io::make_folder(wanted);
    return wanted;
  }
  const std::string folder = default_folder(options, name);
  io::make_folder(fs::path(folder).parent_path());
  int number = 1;
  while (!io::make_new_folder(numbered(folder, number))) ++number;
  return numbered(folder, number);
}

void clear_run(const std::string& folder) {
  for (const fs::path& entry : entries_of(folder)) {
    std::error_code error;
    fs::remove_all(folder / entry, error);
    if (error) fail(ErrorKind::io, "{}/{}: cannot remove: {}", folder, entry.string(), error.message());
  }
}

std::string newest_default_folder(const methods::RunOptions& options, const std::string& name) {
  const std::string folder = default_folder(options, name);
  int number = 1;
  while (fs::exists(numbered(folder, number + 1))) ++number;
  check(fs::exists(numbered(folder, number)), "--resume: there is no {}; say which with --resume PATH", folder);
  return numbered(folder, number);
}

Layer layer_from_run(const std::string& folder) {
  const std::string file = folder + "/config.toml";
  check(is_run(folder), "expected the folder of a run, got {}: it has no config.toml", folder);
  return layer_from_toml(io::read_file(file), file);
}

}  // namespace s4l::apps
