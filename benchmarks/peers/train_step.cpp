// Whole training steps of a network on random pictures: forward, mean cross entropy, backward, SGD with momentum.
//   train_step NETWORK BATCH SIZE THREADS [STEPS]
// takes 5 steps, prints the memory they took, then the milliseconds of STEPS more and where they went; without STEPS it
// reads one count after the other from its input, so that a script can let several programs take turns.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <exception>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "s4l/core/autograd.h"
#include "s4l/core/device/runtime.h"
#include "s4l/core/error.h"
#include "s4l/core/kernel.h"
#include "s4l/core/ops/softmax_entropy.h"
#include "s4l/core/rng.h"
#include "s4l/nn/models/model.h"
#include "s4l/nn/optim/sgd.h"

namespace {

using namespace s4l;
using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration time) { return std::chrono::duration<double, std::milli>(time).count(); }

/// A whole number from `least` to what an int holds.
std::int64_t number_from(const std::string& text, const char* name, std::int64_t least) {
  std::int64_t number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  check(error == std::errc() && end == text.data() + text.size() && number >= least &&
            number <= std::numeric_limits<int>::max(),
        "{}: expected a whole number of at least {}, got \"{}\"", name, least, text);
  return number;
}

/// The most memory that this process has had, in MiB.
double peak_mib() {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;)
    if (word == "VmHWM:") {
      double kib = 0;
      file >> kib;
      return kib / 1024;
    }
  return 0;
}

/// Milliseconds by kernel: from its call to the next one's, so what an op does beside its kernel counts too.
struct Profile {
  std::map<std::string, std::pair<double, int>> kernels;
  std::string running = "start";
  Clock::time_point since = Clock::now();

  void enter(const char* kernel) {
    const Clock::time_point now = Clock::now();
    auto& [time, calls] = kernels[running];
    time += milliseconds(now - since);
    ++calls;
    running = kernel;
    since = now;
  }
} profile;

class Training {
 public:
  Training(const std::string& network, std::int64_t batch, std::int64_t size)
      : model_(nn::make_model(network, {.classes = size > 64 ? 1000 : 10})),
        sgd_(nn::parameters_of(*model_), {.momentum = 0.9, .weight_decay = 1e-4}),
        x_(empty({batch, size, size, 3})),
        labels_(zeros({batch}, DType::i32)) {
    Rng rng(1, Purpose::test);
    for (std::int64_t i = 0; i < x_.numel(); ++i) x_.data<float>()[i] = rng.normal();
    for (std::int64_t i = 0; i < batch; ++i) labels_.data<std::int32_t>()[i] = static_cast<std::int32_t>(i % 10);
  }

  double step() {
    const Clock::time_point start = Clock::now();
    sgd_.zero_grad();
    const Tensor loss = cross_entropy(model_->forward(x_, nn::Mode::train), labels_);
    backward(loss);
    sgd_.step(lr_);
    loss_ = item(loss);
    return milliseconds(Clock::now() - start);
  }

  double loss() const { return loss_; }

 private:
  std::unique_ptr<nn::Classifier> model_;
  nn::Sgd sgd_;
  Tensor x_, labels_;
  Tensor lr_ = full({1}, 0.001);
  double loss_ = 0;
};

void print_steps(Training& training, int steps) {
  std::printf("[");
  for (int i = 0; i < steps; ++i) std::printf("%s%.3f", i == 0 ? "" : ", ", training.step());
  std::printf("]\n");
  std::fflush(stdout);
}

void print_profile(Training& training, int steps) {
  profile = {};
  kernel_observer = [](const char* kernel, const Tensor&) { profile.enter(kernel); };
  for (int i = 0; i < steps; ++i) training.step();
  profile.enter("end");
  kernel_observer = nullptr;
  std::vector<std::pair<double, std::string>> rows;
  for (const auto& [name, row] : profile.kernels) rows.emplace_back(row.first, name);
  std::sort(rows.rbegin(), rows.rend());
  for (const auto& [time, name] : rows)
    std::printf("%-28s %8.2f ms a step, %4d calls\n", name.c_str(), time / steps, profile.kernels[name].second / steps);
}

/// What its arguments ask for; an Error where they are wrong.
void run(int argc, char** argv) {
  check(argc >= 5, "expected train_step NETWORK BATCH SIZE THREADS [STEPS]");
  set_num_threads(static_cast<int>(number_from(argv[4], "threads", 0)));
  const double empty_mib = peak_mib();
  Training training(argv[1], number_from(argv[2], "batch", 1), number_from(argv[3], "size", 1));
  const double before = peak_mib();
  for (int i = 0; i < 5; ++i) training.step();
  const MemoryUse use = runtime(kCpu).memory_use();
  constexpr double kMiB = 1 << 20;
  std::printf("{\"steps_mib\": %.1f, \"all_mib\": %.1f, \"tensors_mib\": %.1f, \"loss\": %.5f}\n", peak_mib() - before,
              peak_mib() - empty_mib, static_cast<double>(use.peak) / kMiB, training.loss());
  std::fflush(stdout);
  if (argc > 5) {
    const int steps = static_cast<int>(number_from(argv[5], "steps", 1));
    print_steps(training, steps);
    print_profile(training, steps);
    return;
  }
  for (int steps; std::cin >> steps;) print_steps(training, steps);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "train_step: %s\n", error.what());
    return 2;
  }
}
