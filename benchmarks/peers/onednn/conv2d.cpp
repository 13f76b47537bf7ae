// Times every convolution of the networks, ours and oneDNN's in alternation, and prints one line of JSON for each layer
// and direction: the best of each in milliseconds. conv2d.py runs it.
//
//   conv2d THREADS ROUNDS [NETWORK]
#include <hwy/targets.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "s4l/benchmarks/peers/onednn/onednn_conv2d.h"
#include "s4l/core/device/device.h"
#include "s4l/core/ops/conv2d.h"
#include "s4l/core/rng.h"

namespace {

using namespace s4l;
using namespace s4l::bench;

Tensor random_tensor(const Shape& shape, std::uint64_t seed) {
  Rng rng(seed, Purpose::test);
  Tensor result = empty(shape);
  for (std::int64_t i = 0; i < result.numel(); ++i) result.data<float>()[i] = rng.uniform() * 2 - 1;
  return result;
}

std::function<void()> ours(const Layer& l, Direction direction) {
  const Conv2dOptions options{static_cast<int>(l.stride), static_cast<int>(l.kernel / 2)};
  const Tensor x = random_tensor({l.images, l.size, l.size, l.channels}, 1);
  const Tensor w = random_tensor({l.outputs, l.kernel, l.kernel, l.channels}, 2);
  const Tensor y = random_tensor({l.images, l.output_size(), l.output_size(), l.outputs}, 3);
  if (direction == Direction::forward) return [=] { kernel::conv2d(x, w, options, y); };
  if (direction == Direction::data) return [=] { kernel::conv2d_backward_data(y, w, options, x); };
  return [=] { kernel::conv2d_backward_weight(x, y, options, w); };
}

double milliseconds(const std::function<void()>& run) {
  const auto start = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

/// The best time of each. In a turn each runs until 8 ms are over, and once before, to have its threads and data back.
std::vector<double> best_of(const std::vector<Peer>& contenders, int rounds) {
  std::vector<double> best(contenders.size(), 1e9);
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      contenders[i].run();
      for (double spent = 0; spent < 8;) {
        const double time = milliseconds(contenders[i].run);
        best[i] = std::min(best[i], time);
        spent += time;
      }
    }
  return best;
}

void compare(const Layer& l, Direction direction, int rounds) {
  constexpr const char* kDirections[] = {"forward", "data", "weight"};
  std::vector<Peer> contenders = onednn_conv2d(l, direction);
  contenders.insert(contenders.begin(),
                    {"ours", hwy::TargetName(hwy::SupportedTargets() & -hwy::SupportedTargets()), ours(l, direction)});
  const std::vector<double> best = best_of(contenders, rounds);
  std::printf("{\"network\": \"%s\", \"layer\": \"%s\", \"direction\": \"%s\", \"gflop\": %.6g", l.network,
              l.name().c_str(), kDirections[static_cast<int>(direction)], l.gflop());
  for (std::size_t i = 0; i < contenders.size(); ++i)
    std::printf(", \"%s\": {\"ms\": %.4f, \"implementation\": \"%s\"}", contenders[i].name.c_str(), best[i],
                contenders[i].implementation.c_str());
  std::printf("}\n");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "conv2d: expected THREADS ROUNDS [NETWORK]\n"), 2;
  const char* limit = std::getenv("ONEDNN_MAX_CPU_ISA");  // ours obeys it too
  if (limit != nullptr && std::strcmp(limit, "AVX2") == 0) hwy::DisableTargets(HWY_AVX2 - 1);
  set_num_threads(std::atoi(argv[1]));
  std::printf("{\"onednn\": \"%s\"}\n", onednn_version().c_str());
  for (const Layer& l : layers())
    for (const Direction direction : {Direction::forward, Direction::data, Direction::weight})
      if ((argc < 4 || std::strcmp(argv[3], l.network) == 0) && (l.channels != 3 || direction != Direction::data))
        compare(l, direction, std::atoi(argv[2]));
}
