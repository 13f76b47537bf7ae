// What feeds a device that fails.
#ifdef S4L_EMULATED
#include "s4l/data/loader.h"

#include <catch2/catch.hpp>

#include "s4l/core/device/runtime.h"
#include "s4l/kernels/emulated/streams.h"
#include "s4l/tests/data/memory_dataset.h"
#include "s4l/tests/kernels/device_case.h"

using namespace s4l;
using namespace s4l::test;

TEST_CASE("a loader goes in peace though what its copies were queued behind has failed") {
  const MemoryDataset dataset(2, {20}, 0);
  data::Split split;
  for (std::int64_t i = 0; i < dataset.size(); ++i) split.labelled.push_back(i);
  data::LoaderOptions options;
  options.labelled = {4, {"-1_to_1"}};
  options.workers = 0;
  options.prefetch = 1;
  options.device = kCuda;
  bool failed = false;
  {
    data::Loader loader(dataset, split, options);
    emulated::streams().submit(copy_stream(kCuda).handle(), [&] {
      failed = true;
      fail(ErrorKind::usage, "a kernel failed");
    });
  }
  CHECK(failed);
}
#endif
