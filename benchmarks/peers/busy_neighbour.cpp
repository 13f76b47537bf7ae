// What a neighbour costs that keeps one core busy: rounds of small tasks on T cores, alone and beside a process that
// spins on one of them, through the pool and through OpenMP (openmp_rounds.cpp). With a core shared in halves, T - 1/2
// of T are left at best.
//   busy_neighbour [ROUNDS]
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "s4l/benchmarks/peers/rounds.h"
#include "s4l/core/device/device.h"
#include "s4l/kernels/cpu/parallel.h"

namespace {

using namespace s4l;

void keep_to_cores(int cores) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int core = 0; core < cores; ++core) CPU_SET(core, &set);
  sched_setaffinity(0, sizeof set, &set);
}

double microseconds_a_round(int rounds, const std::function<void()>& round) {
  for (int i = 0; i < rounds / 10; ++i) round();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < rounds; ++i) round();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count() / rounds;
}

double beside_a_neighbour(int rounds, const std::function<void()>& round) {
  const pid_t neighbour = fork();
  if (neighbour == 0) {
    keep_to_cores(1);
    for (;;) __builtin_ia32_pause();
  }
  const double time = microseconds_a_round(rounds, round);
  kill(neighbour, SIGKILL);
  waitpid(neighbour, nullptr, 0);
  return time;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 3000, cores = available_cores();
  std::printf(
      "| cores | pool, alone | with neighbour | OpenMP, alone | with neighbour |\n| --- | --- | --- | --- | --- |\n");
  for (int threads = 1; threads <= cores; ++threads) {
    keep_to_cores(threads);
    set_num_threads(threads);
    const auto pool = [] { cpu::parallel(bench::kTasks, [](std::int64_t i) { bench::task(i); }); };
    const auto openmp = [threads] { bench::openmp_round(threads); };
    const double a = microseconds_a_round(rounds, pool), b = beside_a_neighbour(rounds, pool);
    const double c = microseconds_a_round(rounds, openmp), d = beside_a_neighbour(rounds, openmp);
    std::printf("| %d | %.1f us | %.1f us (%.2f) | %.1f us | %.1f us (%.2f) |\n", threads, a, b, b / a, c, d, d / c);
    std::fflush(stdout);
  }
}
