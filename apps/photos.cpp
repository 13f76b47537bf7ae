#include "s4l/apps/photos.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include <fmt/format.h>

#include "s4l/apps/exit_code.h"
#include "s4l/apps/log_options.h"
#include "s4l/apps/settings.h"
#include "s4l/apps/table.h"
#include "s4l/apps/threads.h"
#include "s4l/apps/weights_place.h"
#include "s4l/core/device/device.h"
#include "s4l/data/decode.h"
#include "s4l/data/in_threads.h"
#include "s4l/data/picture_folder.h"
#include "s4l/methods/training/pretrained.h"

namespace s4l::apps {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// Files as they are named; of folders, every picture below them.
std::vector<std::string> files_named(const std::vector<std::string>& places) {
  std::vector<std::string> files;
  for (const std::string& place : places) {
    check(fs::exists(place), "{}: no such file or folder", place);
    if (!fs::is_directory(place)) {
      files.push_back(place);
      continue;
    }
    const std::vector<std::string> found = data::picture_files(place);
    if (found.empty()) fail(ErrorKind::data, "{}: expected pictures in the folder, found none", place);
    for (const std::string& file : found) files.push_back((fs::path(place) / file).string());
  }
  return files;
}

struct Read {
  data::View view;
  std::string reason;  // why there is none
};

// One file on each core at a time.
std::vector<Read> read_all(const methods::Predictor& predictor, const std::string* files, std::size_t count) {
  std::vector<Read> all(count);
  data::in_threads(count, [&](std::size_t i) {
    try {
      all[i].view = predictor.prepare(data::read_picture_file(files[i]));
    } catch (const std::exception& error) {
      all[i].reason = error.what();
    }
  });
  return all;
}

PhotoBatch run_batch(const PhotoRequest& request, std::size_t begin, std::size_t end) {
  PhotoBatch batch;
  std::vector<data::View> views;
  std::vector<Read> reads = read_all(request.predictor, request.files.data() + begin, end - begin);
  for (std::size_t i = begin; i < end; ++i) {
    Read& read = reads[i - begin];
    if (!read.reason.empty()) {
      batch.damaged.push_back({request.files[i], read.reason});
      continue;
    }
    batch.paths.push_back(request.files[i]);
    views.push_back(std::move(read.view));
  }
  if (!views.empty()) batch.features = request.predictor.features(views);
  return batch;
}

std::int64_t batch_from(const Arguments& arguments) {
  const std::string text = arguments.get("batch-size", "64");
  const double size = number_from("--batch-size", text);
  check(size >= 1 && size <= 65536 && size == static_cast<double>(static_cast<std::int64_t>(size)),
        "--batch-size: expected a whole number from 1 to 65536, got {}", text);
  return static_cast<std::int64_t>(size);
}

}  // namespace

void add_photo_options(CommandLine& line) {
  line.positional = "MODEL";
  line.positional_help = "a run's folder or a weights/*.safetensors file";
  line.rest = "PICTURES";
  line.rest_help = "files, and folders with all that lies below them";
  line.options.push_back({"strict", "", "stop at the first damaged file", true, Takes::none});
  line.options.push_back({"batch-size", "N", "pictures at a time", false, Takes::one, 'b', {"batch"}, "64"});
  line.options.push_back({"model", "NAME", "of a file of timm's, which does not name its network: resnet50"});
  Option device = find_setting("device")->option;
  line.options.push_back(std::move(device));
  line.options.push_back(threads_option());
  for (Option& option : log_options()) line.options.push_back(std::move(option));
}

PhotoRequest photo_request_from(const Arguments& arguments, const char* command) {
  set_threads(arguments);
  const std::string weights = weights_named(arguments, command);
  check(!arguments.rest.empty(), "s4l {}: expected pictures: files or folders after {}", command,
        *arguments.positional);
  const methods::Pretrained pretrained(weights);
  const Device device = device_from(arguments.get("device", to_text(default_device())));
  return {methods::Predictor(pretrained.model(arguments.get("model")), device), files_named(arguments.rest),
          batch_from(arguments), arguments.on("strict")};
}

int for_each_batch(const PhotoRequest& request, Log& log, const std::function<void(const PhotoBatch&)>& take) {
  const std::size_t count = request.files.size();
  std::size_t damaged = 0;
  const Clock::time_point start = Clock::now();
  for (std::size_t begin = 0; begin < count; begin += static_cast<std::size_t>(request.batch)) {
    const std::size_t end = std::min(count, begin + static_cast<std::size_t>(request.batch));
    const PhotoBatch batch = run_batch(request, begin, end);
    for (const data::Damaged& one : batch.damaged) {
      if (request.strict) fail(ErrorKind::data, "{}: {}", one.path, one.reason);
      log.warning(fmt::format("skipped: {}: {}", one.path, one.reason));
    }
    damaged += batch.damaged.size();
    take(batch);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    log.status(fmt::format("{}/{} pictures · {:.0f} img/s", end, count, static_cast<double>(end) / seconds));
  }
  log.clear();
  if (damaged == 0) return kSuccess;
  log.warning(fmt::format("{} of {} skipped", with_commas(static_cast<long long>(damaged)),
                          counted(static_cast<long long>(count), "file")));
  return damaged == count ? kFailed : kSuccess;
}

}  // namespace s4l::apps
