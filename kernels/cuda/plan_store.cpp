#include "s4l/kernels/cuda/plan_store.h"

#include <filesystem>
#include <sstream>

#include "s4l/core/device/choices.h"
#include "s4l/core/error.h"
#include "s4l/core/io/file.h"

namespace s4l::cuda {

PlanStore::PlanStore(const std::string& library, const std::string& device, const std::string& folder)
    : name_(library + "-" + device) {
  for (char& c : name_)
    if (c == ' ' || c == '/') c = '-';
  if (!folder.empty()) path_ = folder + "/" + name_ + ".plans";
  read();
}

/// Lines of a problem, a tab and an id; others are passed over, and so are problems that are known.
void PlanStore::read() {
  if (path_.empty() || !std::filesystem::exists(path_)) return;
  std::istringstream lines(io::read_file(path_));
  for (std::string line; std::getline(lines, line);)
    if (const std::size_t tab = line.find('\t'); tab != std::string::npos)
      ids_.emplace(line.substr(0, tab), line.substr(tab + 1));
}

std::optional<std::string> PlanStore::find(const std::string& problem) const {
  std::optional<std::string> id = taken_over_choice(in_checkpoints(problem));
  if (const auto found = ids_.find(problem); !id && found != ids_.end()) id = found->second;
  if (id) note_choice(in_checkpoints(problem), *id);
  return id;
}

void PlanStore::note(const std::string& problem, const std::string& id) const {
  note_choice(in_checkpoints(problem), id);
}

void PlanStore::put(const std::string& problem, const std::string& id) {
  ids_.insert_or_assign(problem, id);
  note(problem, id);
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

}  // namespace s4l::cuda
