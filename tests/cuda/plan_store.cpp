#include "s4l/kernels/cuda/plan_store.h"

#include <catch2/catch.hpp>

#include "s4l/core/io/file.h"
#include "s4l/tests/core/new_folder.h"

using namespace s4l;
using cuda::PlanStore;
using test::NewFolder;

TEST_CASE("a plan that was chosen is found again by the next process") {
  const NewFolder folder;
  const std::string path = folder / "below/cudnn.plans";
  PlanStore store(path);
  CHECK_FALSE(store.find("conv2d a"));
  store.put("conv2d a", "eng38_k2=1");
  store.put("conv2d b", "4");
  store.put("conv2d a", "eng22_k2=4");
  CHECK(PlanStore(path).find("conv2d a") == "eng22_k2=4");
  CHECK(PlanStore(path).find("conv2d b") == "4");
}

TEST_CASE("what two processes choose at the same time is all kept, and lines that are none are passed over") {
  const NewFolder folder;
  const std::string path = folder / "cudnn.plans";
  io::save_atomically(path, "no tab here\nconv2d a\t1\n\nconv2d a\t2\n");
  PlanStore first(path), second(path);
  CHECK(first.find("conv2d a") == "1");
  first.put("conv2d b", "3");
  second.put("conv2d c", "4");
  const PlanStore both(path);
  CHECK(both.find("conv2d a") == "1");
  CHECK(both.find("conv2d b") == "3");
  CHECK(both.find("conv2d c") == "4");
}

TEST_CASE("a store without a file, or whose file cannot be written, holds for the process") {
  PlanStore nowhere(""), refused("/proc/no/such/place.plans");
  for (PlanStore* store : {&nowhere, &refused}) {
    store->put("conv2d a", "1");
    CHECK(store->find("conv2d a") == "1");
  }
}
