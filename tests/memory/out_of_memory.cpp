// What is said when the system gives no more: the address space is limited to little more than is mapped already.
#include <catch2/catch.hpp>
#include <pthread.h>
#include <sys/resource.h>

#include <atomic>
#include <fstream>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

#include "s4l/core/device/arena.h"
#include "s4l/core/device/runtime.h"
#include "s4l/data/in_threads.h"
#include "s4l/data/prefetcher.h"
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/methods/training/evaluation.h"
#include "s4l/methods/training/trainer.h"
#include "s4l/nn/models/model.h"
#include "s4l/tests/data/memory_dataset.h"
#include "s4l/tests/memory/system_requests.h"

using namespace s4l;
using namespace s4l::test;

namespace {

constexpr std::size_t kMiB = 1 << 20;

/// While alive, this process may map no more than `bytes` beyond what it has.
struct AddressSpaceLimit {
  explicit AddressSpaceLimit(std::size_t bytes) {
    getrlimit(RLIMIT_AS, &before);
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlimit limit{pages * 4096 + bytes, before.rlim_max};
    REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
  }
  ~AddressSpaceLimit() { setrlimit(RLIMIT_AS, &before); }
  rlimit before{};
};

/// While alive, tensors find little in what the runtime has taken already.
struct TensorsFull {
  TensorsFull() {
    const AddressSpaceLimit limit(8 * kMiB);  // some for the handles
    for (std::int64_t bytes = 16 << 20; bytes >= 64 << 10; bytes /= 4) try {
        for (;;) held.push_back(empty({bytes}, DType::u8));
      } catch (const std::exception&) {
      }
  }
  std::vector<Tensor> held;
};

/// While alive, a new thread asks for a stack that no thread before it has left.
struct HugeStacks {
  HugeStacks() {
    pthread_getattr_default_np(&before);
    pthread_attr_t huge;
    pthread_getattr_default_np(&huge);
    pthread_attr_setstacksize(&huge, 256 * kMiB);
    REQUIRE(pthread_setattr_default_np(&huge) == 0);
    pthread_attr_destroy(&huge);
  }
  ~HugeStacks() {
    pthread_setattr_default_np(&before);
    pthread_attr_destroy(&before);
  }
  pthread_attr_t before{};
};

bool skipped() {
  if (!SystemRequests::supported()) WARN("SKIPPED: a sanitizer maps memory of its own");
  return !SystemRequests::supported();
}

std::string message_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::memory);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("an allocation that the system refuses says how much was asked for and what is held") {
  if (skipped()) return;
  const Tensor held = empty({64, kMiB / 4});
  const AddressSpaceLimit limit(8 * kMiB);
  CHECK_THAT(message_of([] {
               empty({640, kMiB / 4});
             }),
             Catch::StartsWith("memory: expected 640.0 MiB more, got none from the system; tensors hold 64."));
}

TEST_CASE("more memory than the machine has is refused, though the system would promise it") {
  if (skipped()) return;
  CHECK_THAT(message_of([] { empty({std::int64_t{1} << 44}); }), Catch::StartsWith("memory: expected 67108864.0 MiB"));
}

TEST_CASE("a size near the end of the address space is refused, not rounded to a small one") {
  if (skipped()) return;
  Arena arena;
  for (const std::size_t bytes : {std::size_t{1} << 62, std::size_t{1} << 63, ~std::size_t{0}}) {
    INFO(bytes);
    CHECK_THAT(message_of([&] { arena.take(bytes); }), Catch::StartsWith("memory: expected "));
  }
  CHECK(size_text(std::size_t{1} << 62) == "4398046511104.0 MiB");
  CHECK(arena.use().reserved == 0);
}

TEST_CASE("a pool that the system gives fewer threads than asked for computes with those") {
  if (skipped()) return;
  set_num_threads(64);
  {
    const AddressSpaceLimit limit(64 * kMiB);  // the stack of a thread takes 8
    for (int round = 0; round < 2; ++round) {
      std::atomic<int> ran{0};
      cpu::parallel(1000, [&](std::int64_t) { ++ran; });
      CHECK(ran == 1000);
    }
  }
  set_num_threads(0);
}

TEST_CASE("pictures are read and batches made ahead by the calling thread where the system gives no other") {
  if (skipped()) return;
  const HugeStacks stacks;
  const AddressSpaceLimit limit(64 * kMiB);
  CHECK_THROWS(std::thread([] {}).join());
  std::vector<int> done(100);
  data::in_threads(done.size(), [&](std::size_t i) { ++done[i]; });
  CHECK(done == std::vector<int>(100, 1));
  std::vector<std::int64_t> made;
  data::Prefetcher prefetcher(2, 3, [&](std::int64_t step, const std::stop_token&) { made.push_back(step); });
  for (int i = 0; i < 5; ++i) {
    prefetcher.wait();
    prefetcher.pop();
  }
  CHECK(made == std::vector<std::int64_t>{0, 1, 2, 3, 4});
}

TEST_CASE("what was given back is used for other sizes before the system is asked") {
  if (skipped()) return;
  const std::size_t reserved = [] {
    const Tensor a = empty({20, kMiB / 4}), b = empty({20, kMiB / 4}), c = empty({20, kMiB / 4});
    return runtime(kCpu).memory_use().reserved;
  }();
  const Tensor whole = empty({60, kMiB / 4});
  CHECK(runtime(kCpu).memory_use().reserved == reserved);
}

TEST_CASE("a batch too large for the memory is an error that names one that fits") {
  if (skipped()) return;
  set_num_threads(1);
  MemoryDataset dataset(4, {16}, 0);
  for (auto& item : dataset.items) item.size = {24, 24};
  data::Split split;
  for (std::int64_t i = 0; i < dataset.size(); ++i) split.labelled.push_back(i);
  const auto model = nn::make_model("resnet-small", {.classes = 4});
  methods::MethodOptions options;
  options.feature_size = model->feature_size();
  const auto method = methods::make_method("supervised", options);
  data::LoaderOptions batches;
  batches.labelled = {4096, {"-1_to_1"}};
  batches.workers = 0;
  batches.prefetch = 1;
  data::Loader loader(dataset, split, batches);
  methods::TrainOptions how;
  how.labelled_tail = data::Pipeline("-1_to_1").tail();
  methods::Trainer trainer(*model, *method, loader, how);
  const AddressSpaceLimit limit(60 * kMiB);
  const std::string message = message_of([&] { trainer.step(); });
  INFO(message);
  const auto at = message.find("; --batch-size ");
  REQUIRE(at != std::string::npos);
  const int fits = std::stoi(message.substr(at + 15));
  CHECK((fits >= 64 && fits <= 2048));
  set_num_threads(0);
}

TEST_CASE("an evaluation that memory ends in goes on with fewer pictures at a time, to the same numbers") {
  if (skipped()) return;
  set_num_threads(1);
  MemoryDataset dataset(4, {100}, 0);
  for (auto& item : dataset.items) item.size = {24, 24};
  std::vector<std::int64_t> indices(400);
  std::iota(indices.begin(), indices.end(), 0);
  const auto model = nn::make_model("resnet-small", {.classes = 4, .zero_heads = false});
  const data::Pipeline pipeline("-1_to_1|rotate");
  const auto confidences = [&](std::int64_t batch) {
    std::vector<double> all;
    for (const auto& p : methods::evaluate(*model, dataset, indices, pipeline, batch, kCpu).predictions)
      all.push_back(p.confidence);
    return all;
  };
  std::vector<double> limited;
  std::string said;
  {
    const TensorsFull full;
    {
      const AddressSpaceLimit limit(80 * kMiB);  // the threads that read want some of it
      limited = confidences(400);
    }
    const AddressSpaceLimit limit(8 * kMiB);  // and more
    said = message_of([&] { model->forward(zeros({1600, 24, 24, 3}), nn::Mode::eval); });
  }
  CHECK_THAT(said, Catch::StartsWith("memory: expected"));
  CHECK(limited == confidences(400));
  set_num_threads(0);
}
