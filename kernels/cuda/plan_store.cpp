#include "s4l/kernels/cuda/plan_store.h"

#include <filesystem>
#include <sstream>

#include "s4l/core/error.h"
#include "s4l/core/io/user_folders.h"
#include "s4l/core/io/file.h"

namespace s4l::cuda {

PlanStore::PlanStore(std::string path) : path_(std::move(path)) { read(); }

/// Lines of a problem, a tab and an id; others are passed over, and so are problems that are known.
void PlanStore::read() {
  if (path_.empty() || !std::filesystem::exists(path_)) return;
  std::istringstream lines(io::read_file(path_));
  for (std::string line; std::getline(lines, line);)
    if (const std::size_t tab = line.find('\t'); tab != std::string::npos)
      ids_.emplace(line.substr(0, tab), line.substr(tab + 1));
}

std::optional<std::string> PlanStore::find(const std::string& problem) const {
  const auto found = ids_.find(problem);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

void PlanStore::put(const std::string& problem, const std::string& id) {
  ids_.insert_or_assign(problem, id);
  if (path_.empty()) return;
  try {
    read();
    std::string text;
    for (const auto& [known, its] : ids_) text += known + '\t' + its + '\n';
    io::make_folder(std::filesystem::path(path_).parent_path().string());
    io::save_atomically(path_, text);
  } catch (const Error&) {  // the choice holds for this process
  }
}

std::string plan_store_path(const std::string& library, const std::string& device) {
  const std::string folder = io::cache_folder();
  if (folder.empty()) return "";
  std::string name = library + "-" + device + ".plans";
  for (char& c : name)
    if (c == ' ' || c == '/') c = '-';
  return folder + "/" + name;
}

}  // namespace s4l::cuda
