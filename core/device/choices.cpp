#include "s4l/core/device/choices.h"

#include <mutex>

namespace s4l {
namespace {

struct Record {
  std::mutex mutex;
  Choices made, taken_over;
};

Record& record() {
  static auto* the_record = new Record;  // never destroyed: plans outlive it otherwise
  return *the_record;
}

}  // namespace

Choices choices() {
  const std::lock_guard lock(record().mutex);
  return record().made;
}

void note_choice(const std::string& problem, const std::string& chosen) {
  const std::lock_guard lock(record().mutex);
  record().made.insert_or_assign(problem, chosen);
}

void take_over_choices(const Choices& choices) {
  const std::lock_guard lock(record().mutex);
  for (const auto& [problem, chosen] : choices) record().taken_over.insert_or_assign(problem, chosen);
}

std::optional<std::string> taken_over_choice(const std::string& problem) {
  const std::lock_guard lock(record().mutex);
  const auto found = record().taken_over.find(problem);
  return found == record().taken_over.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace s4l
