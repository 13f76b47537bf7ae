#pragma once
#include <map>
#include <optional>
#include <string>

namespace s4l {

/// What a device chose by timing, such as a library's plan for a convolution, by "library version, device: problem".
/// Another choice could round otherwise, so what a run chose is in its checkpoints and chosen again after a resume.
using Choices = std::map<std::string, std::string>;

/// Every choice that this process has made or taken over so far.
Choices choices();
/// Notes a choice. May be called from any thread, as the others may.
void note_choice(const std::string& problem, const std::string& chosen);
/// From now on these are chosen, whatever else is on record.
void take_over_choices(const Choices& choices);
/// What to choose because it was taken over.
std::optional<std::string> taken_over_choice(const std::string& problem);

}  // namespace s4l
