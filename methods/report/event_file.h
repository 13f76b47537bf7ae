#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace s4l::methods {

/// The scalars of a run as TensorBoard reads them: events.out.tfevents.<time>.<host>.<pid>, a record file of Event
/// messages. Every process of a run writes a file of its own; TensorBoard joins them. An empty folder writes nothing.
class EventFile {
 public:
  explicit EventFile(std::string folder) : folder_(std::move(folder)) {}

  /// Tells TensorBoard that the run goes on after `step`: what an earlier file has of later steps is dropped.
  void resume(std::int64_t step);
  /// Appends the values of a step with the time of day. What could not be written comes with the next call, in a new
  /// file, for the end of the old one may be torn; throws Error(io).
  void add(std::int64_t step, const std::vector<std::pair<std::string, double>>& values);

 private:
  void write();

  std::string folder_, path_;
  std::string pending_;  // records not yet written
  int files_ = 0;
};

}  // namespace s4l::methods
