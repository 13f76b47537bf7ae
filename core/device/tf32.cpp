#include "s4l/core/device/tf32.h"

#include <atomic>

namespace s4l {
namespace {

std::atomic<bool> allowed{false};

}  // namespace

bool tf32() { return allowed.load(std::memory_order_relaxed); }
void set_tf32(bool on) { allowed.store(on, std::memory_order_relaxed); }

}  // namespace s4l
