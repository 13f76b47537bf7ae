#pragma once
#include <cstdint>
#include <memory>

#include "s4l/core/device/storage.h"

namespace s4l::cpu {

/// The floats whose room a pointer takes.
constexpr std::int64_t kPointerFloats = 2;
static_assert(sizeof(void*) <= kPointerFloats * sizeof(float));

/// Floats for as long as a kernel or a task needs them; the last taken is the first given back. Those of the pool's
/// tasks come from one arena with a slice for each thread, as large as any task has wanted so far: which thread runs
/// which task then changes nothing, and once a step has run it never grows again. Others come from the runtime.
class Scratch {
 public:
  explicit Scratch(std::int64_t floats);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  float* data() const { return data_; }

 private:
  std::shared_ptr<Storage> own_;  // where the slice does not serve
  int thread_;                    // whose slice it is cut from
  std::size_t bytes_;
  float* data_;
};

/// Makes the arena's slices, one for each of `threads`, as large as they have to be by now. Called by the pool while
/// none of its tasks runs.
void prepare_scratch(int threads);

}  // namespace s4l::cpu
