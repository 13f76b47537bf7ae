// Mean Teacher, FixMatch, FlexMatch and FreeMatch against their definitions: PyTorch's statement of them (losses,
// weights and state), the gradient of the whole loss, and what a step costs.
#include <catch2/catch.hpp>

#include "s4l/tests/methods/tiny_network.h"

using namespace s4l;
using namespace s4l::test;

namespace {

struct Peer {
  std::string name;
  MethodBench::Options options;  ///< as in make_methods.py
};

const std::vector<Peer> kPeers = {
    {"mean-teacher",
     {{"consistency-weight", 30}, {"ramp-up-steps", 4}, {"teacher-decay", 0.8}, {"teacher-decay-early", 0.6}}},
    {"fixmatch", {{"unlabelled-weight", 1.5}, {"threshold", 0.46}}},
    {"flexmatch", {{"unlabelled-weight", 1.5}, {"threshold", 0.46}, {"threshold-warmup", 0}}},
    {"freematch", {{"unlabelled-weight", 1.5}, {"fairness-weight", 0.3}, {"confidence-decay", 0.7}}},
};

/// Where what follows the weights without a gradient stands still.
MethodBench::Options still(const Peer& peer) {
  MethodBench::Options options = peer.options;
  for (auto& [name, value] : options) {
    if (name == "confidence-decay") value = 1;
    if (name == "ramp-up-steps") value = 0;
  }
  return options;
}

}  // namespace

TEST_CASE("the methods to compare with train as PyTorch's statements of them") {
  for (const Peer& peer : kPeers) check_against_pytorch(peer.name, peer.name, peer.options);
}

TEST_CASE("the gradient of their whole loss is that of central differences") {
  for (const Peer& peer : kPeers) check_whole_gradient(peer.name, still(peer));
}

TEST_CASE("a step of theirs runs the network as often as the definition says") {
  const StepCount teacher = count_step("mean-teacher", kPeers[0].options);
  CHECK(teacher.forwards == 2);  // student on 6 + 4 rows, teacher on 6
  CHECK(teacher.rows == 16);
  CHECK(teacher.backwards == 1);
  CHECK(teacher.launches == 61);  // kernels, one for each of the teacher's tensors among them
  const std::pair<const char*, int> matching[] = {{"fixmatch", 36}, {"flexmatch", 38}, {"freematch", 46}};
  for (const auto& [name, launches] : matching) {
    INFO(name);
    const StepCount count = count_step(name, {});
    CHECK(count.forwards == 1);
    CHECK(count.rows == 16);  // 6 weak, 6 strong, 4 labelled
    CHECK(count.backwards == 1);
    CHECK(count.launches == launches);
  }
}
