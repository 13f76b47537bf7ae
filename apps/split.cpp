#include <filesystem>

#include <fmt/format.h>

#include "s4l/apps/commands.h"
#include "s4l/apps/config.h"
#include "s4l/apps/exit_code.h"
#include "s4l/apps/run_report.h"
#include "s4l/apps/settings.h"
#include "s4l/core/error.h"
#include "s4l/core/io/file.h"
#include "s4l/data/split_formats.h"
#include "s4l/methods/training/run_setup.h"

namespace s4l::apps {
namespace {

CommandLine split_line() {
  CommandLine line{"split",
                   "choose who is labelled, or convert such a choice",
                   "",
                   "",
                   {},
                   {"s4l split --data my-pictures --labels 10 > split.csv",
                    "s4l split --data my-pictures --labels-per-class 4 --seed 1 --format fixmatch -o splits",
                    "s4l split --data my-pictures --labels-file label_map_count_1280_0.json > split.csv"}};
  for (const Setting& setting : settings())
    if (setting.section == "data" || setting.option.name == "seed") line.options.push_back(setting.option);
  line.options.push_back({"format", "NAME", "csv, s4l, fixmatch or usb", true, Takes::one, 0, {}, "csv"});
  line.options.push_back(
      {"output", "DIR", "folder for the files; needed where there are several", true, Takes::one, 'o', {"save-dir"}});
  line.note = "csv has every picture's path, label and role; the others name the labelled pictures alone.";
  return line;
}

int split(const Arguments& arguments) {
  const data::SplitFormat format = data::split_format_from(arguments.get("format", "csv"));
  methods::RunOptions options = combine("", {layer_from_environment(), layer_from_arguments(arguments)});
  const auto dataset = methods::open_data(options);
  Log log(Log::Level::normal, terminal_of(2));
  tell_damaged(log, *dataset);
  const data::Split split = methods::split_data(options, *dataset);
  const auto files = data::split_files(*dataset, split, format, options.seed);
  const std::string hash = data::split_hash(data::split_csv(*dataset, split));
  fmt::print(stderr, "{} labelled, {} unlabelled, {} validation, {} test; split {}…\n", split.labelled.size(),
             split.unlabelled.size(), split.val.size(), split.test.size(), hash.substr(0, 8));
  const std::string folder = arguments.get("output");
  if (folder.empty()) {
    check(files.size() == 1, "--output: expected a folder for the {} files of this format", files.size());
    fmt::print("{}", files[0].content);
    return kSuccess;
  }
  io::make_folder(folder);
  for (const data::SplitFile& file : files) {
    const std::string path = (std::filesystem::path(folder) / file.name).string();
    check(!std::filesystem::exists(path), "--output: {} exists already", path);
    io::save_atomically(path, file.content);
    fmt::print("{}\n", path);
  }
  return kSuccess;
}

}  // namespace

Command split_command() { return {"split", nullptr, split_line, split}; }

}  // namespace s4l::apps
