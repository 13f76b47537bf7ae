// A kernel that says who it is.
#include "s4l/tests/support/target.h"

#include "s4l/kernels/cpu/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "s4l/tests/support/target.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace s4l::test::HWY_NAMESPACE {

std::int64_t own_target() { return HWY_TARGET; }

}  // namespace s4l::test::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace s4l::test {

HWY_EXPORT(own_target);

std::int64_t running_target() { return HWY_DYNAMIC_DISPATCH(own_target)(); }

}  // namespace s4l::test
#endif
