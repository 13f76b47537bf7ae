#include "s4l/apps/stages.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include <fmt/format.h>

#include "s4l/apps/config.h"
#include "s4l/apps/exit_code.h"
#include "s4l/apps/lock.h"
#include "s4l/apps/run_folder.h"
#include "s4l/core/io/file.h"
#include "s4l/methods/training/chain.h"
#include "s4l/methods/training/run.h"

namespace s4l::apps {
namespace {

using Clock = std::chrono::steady_clock;

/// The request for one stage, with what the stage before has left.
RunRequest request_for(const methods::Chain& chain, int number, const RunRequest& whole, Clock::time_point start) {
  RunRequest request = whole;
  request.options = chain.prepare(number);
  request.folder = chain.folder(number);
  request.name.clear();
  request.resume = chain.started(number);
  request.overwrite = false;
  request.last = number == chain.count();
  if (whole.seconds > 0) {
    const double used = std::chrono::duration<double>(Clock::now() - start).count();
    request.seconds = std::max(1e-3, whole.seconds - used);
  }
  return request;
}

}  // namespace

bool asks_for_stages(const methods::RunOptions& options) {
  return options.stage == 0 && !methods::find_method(options.method).stages.empty();
}

std::vector<methods::RunOptions> options_of_stages(const RunRequest& request, const Arguments& arguments) {
  const auto count = methods::find_method(request.options.method).stages.size();
  std::vector<methods::RunOptions> all;
  for (std::size_t i = 0; i < count; ++i) all.push_back(request_from(arguments, static_cast<int>(i) + 1).options);
  return all;
}

std::string stage_title(const methods::RunOptions& options) {
  const std::vector<methods::Stage>& stages = methods::find_method(options.method).stages;
  return fmt::format("stage {} of {}: {}", options.stage, stages.size(),
                     stages.at(static_cast<std::size_t>(options.stage - 1)).name);
}

int run_stages(const RunRequest& request, const Arguments& arguments, Log& log, RunOne run_one) {
  const Clock::time_point start = Clock::now();
  const std::vector<methods::RunOptions> options = options_of_stages(request, arguments);
  if (!request.resume) {  // what is wrong with any stage stops here, before there is a folder
    methods::Run first(options.at(0));
    for (std::size_t i = 1; i < options.size(); ++i) methods::Run later(options[i], methods::Start::assumed);
  }
  const std::string folder =
      request.resume ? request.folder : make_run_folder(request.folder, request.options, request.name);
  const FolderLock lock(folder);
  const methods::Chain chain(options, folder);
  if (request.overwrite)
    for (int number = 1; number <= chain.count(); ++number)
      if (std::filesystem::exists(chain.folder(number))) clear_run(chain.folder(number));
  if (!request.resume) io::save_atomically(folder + "/config.toml", to_toml(options));
  for (int number = 1; number <= chain.count(); ++number) {
    const std::string title = stage_title(options[static_cast<std::size_t>(number - 1)]);
    if (chain.finished(number)) {
      log.line(title + ", finished before");
      continue;
    }
    log.line(title);
    const int code = run_one(request_for(chain, number, request, start), arguments, log);
    if (code != kSuccess) {
      log.warning(fmt::format("all stages: s4l run --resume {}", folder));
      return code;
    }
  }
  return kSuccess;
}

}  // namespace s4l::apps
