#include "s4l/kernels/cuda/plan_store.h"

#include <catch2/catch.hpp>

#include "s4l/core/device/choices.h"
#include "s4l/core/io/file.h"
#include "s4l/tests/core/new_folder.h"

using namespace s4l;
using cuda::PlanStore;
using test::NewFolder;

TEST_CASE("a plan that was chosen is found again by the next process") {
  const NewFolder folder;
  const std::string below = folder / "below";
  const auto store_there = [&] { return PlanStore("cudnn-9", "NVIDIA H200", below); };
  PlanStore store = store_there();
  CHECK(store.name() == "cudnn-9-NVIDIA-H200");
  CHECK_FALSE(store.find("conv2d a"));
  store.put("conv2d a", "eng38_k2=1");
  store.put("conv2d b", "4");
  store.put("conv2d a", "eng22_k2=4");
  CHECK(store_there().find("conv2d a") == "eng22_k2=4");
  CHECK(store_there().find("conv2d b") == "4");
}

TEST_CASE("what two processes choose at the same time is all kept, and lines that are none are passed over") {
  const NewFolder folder;
  const auto store_there = [&] { return PlanStore("cudnn", "A", folder.path()); };
  io::save_atomically(folder / "cudnn-A.plans", "no tab here\nconv2d a\t1\n\nconv2d a\t2\n");
  PlanStore first = store_there(), second = store_there();
  CHECK(first.find("conv2d a") == "1");
  first.put("conv2d b", "3");
  second.put("conv2d c", "4");
  const PlanStore both = store_there();
  CHECK(both.find("conv2d a") == "1");
  CHECK(both.find("conv2d b") == "3");
  CHECK(both.find("conv2d c") == "4");
}

TEST_CASE("a store without a file, or whose file cannot be written, holds for the process") {
  PlanStore nowhere("cudnn", "B", ""), refused("cudnn", "C", "/proc/no/such");
  for (PlanStore* store : {&nowhere, &refused}) {
    store->put("conv2d a", "1");
    CHECK(store->find("conv2d a") == "1");
  }
}

TEST_CASE("a plan that was chosen where memory was short is for the process and its checkpoints alone") {
  const NewFolder folder;
  PlanStore store("cudnn", "E", folder.path());
  store.note("conv2d a", "1");
  store.put("conv2d b", "2");
  CHECK_FALSE(PlanStore("cudnn", "E", folder.path()).find("conv2d a"));
  CHECK(choices().at("cudnn-E: conv2d a") == "1");
}

TEST_CASE("what a checkpoint brings is chosen again, whatever the file says, and goes into the next checkpoint") {
  const NewFolder folder;
  PlanStore store("cudnn", "D", folder.path());
  store.put("conv2d a", "1");
  store.put("conv2d b", "2");
  take_over_choices({{"cudnn-D: conv2d a", "7"}, {"cudnn-other: conv2d b", "8"}});
  CHECK(store.find("conv2d a") == "7");
  CHECK(store.find("conv2d b") == "2");
  CHECK(PlanStore("cudnn", "D", folder.path()).find("conv2d a") == "7");
  const Choices made = choices();
  CHECK(made.at("cudnn-D: conv2d a") == "7");
  CHECK(made.at("cudnn-D: conv2d b") == "2");
}
