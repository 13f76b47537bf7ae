#include "s4l/kernels/cpu/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <fstream>
#include <mutex>
#include <thread>
#include <vector>

#include "s4l/core/device/device.h"
#include "s4l/core/error.h"

namespace s4l {
namespace {

/// Cores that the cgroup's quota pays for; a large number where there is none.
int quota_cores() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");
  std::string quota;
  double period = 0;
  if (!(file >> quota >> period) || quota == "max" || period <= 0) return 1 << 20;
  return std::max(1, static_cast<int>(std::ceil(std::stod(quota) / period)));
}

thread_local bool inside_task = false;

/// A fork-join pool: workers wait for the next round, run their share, and report back.
class Pool {
 public:
  explicit Pool(int threads) : threads_(threads) {
    for (int t = 1; t < threads; ++t) workers_.emplace_back([this, t] { work(t); });
  }
  ~Pool() {
    stop_ = true;
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }
  int threads() const { return threads_; }

  void run(std::int64_t tasks, const std::function<void(std::int64_t)>& task) {
    task_ = &task;
    tasks_ = tasks;
    error_ = nullptr;
    running_.store(threads_ - 1, std::memory_order_relaxed);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    share(0);
    for (int left; (left = running_.load(std::memory_order_acquire)) != 0;) wait(running_, left);
    if (error_) std::rethrow_exception(error_);
  }

 private:
  static constexpr int kSpins = 2000;  // some microseconds: the next kernel of a step is usually that near

  /// Returns once `value` may have changed from `old`.
  template <class T>
  static void wait(std::atomic<T>& value, T old) {
    for (int spin = 0; spin < kSpins; ++spin) {
      if (value.load(std::memory_order_acquire) != old) return;
      __builtin_ia32_pause();
    }
    value.wait(old, std::memory_order_acquire);
  }

  void share(int t) {
    inside_task = true;
    try {
      for (std::int64_t i = tasks_ * t / threads_; i < tasks_ * (t + 1) / threads_; ++i) (*task_)(i);
    } catch (...) {
      const std::lock_guard lock(error_mutex_);
      if (!error_) error_ = std::current_exception();
    }
    inside_task = false;
  }

  void work(int t) {
    for (std::uint32_t seen = 0;;) {
      wait(round_, seen);
      if (round_.load(std::memory_order_acquire) == seen) continue;
      ++seen;  // rounds come one at a time: run() waits for all workers
      if (stop_) return;
      share(t);
      if (running_.fetch_sub(1, std::memory_order_release) == 1) running_.notify_one();
    }
  }

  const int threads_;
  std::vector<std::thread> workers_;
  const std::function<void(std::int64_t)>* task_ = nullptr;
  std::int64_t tasks_ = 0;
  std::exception_ptr error_;
  std::mutex error_mutex_;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint32_t> round_{0};
  std::atomic<int> running_{0};
};

std::mutex pool_mutex;  // held while a kernel runs: a second caller works alone
Pool* pool = nullptr;   // never destroyed: threads end with the process
std::atomic<int> wanted_threads{0};

}  // namespace

int available_cores() {
  cpu_set_t set;
  const int allowed = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return std::max(1, std::min(allowed, quota_cores()));
}

int num_threads() {
  const int wanted = wanted_threads.load(std::memory_order_relaxed);
  static const int all = available_cores();
  return wanted > 0 ? wanted : all;
}

void set_num_threads(int threads) {
  check(threads >= 0 && threads <= 4096, "set_num_threads: expected 0 (all cores) to 4096, got {}", threads);
  wanted_threads.store(threads, std::memory_order_relaxed);
}

namespace cpu {

void parallel(std::int64_t tasks, const std::function<void(std::int64_t)>& task) {
  std::unique_lock lock(pool_mutex, std::defer_lock);
  if (tasks <= 1 || inside_task || num_threads() == 1 || !lock.try_lock()) {
    for (std::int64_t i = 0; i < tasks; ++i) task(i);
    return;
  }
  if (pool == nullptr || pool->threads() != num_threads()) {
    delete pool;
    pool = new Pool(num_threads());
  }
  pool->run(tasks, task);
}

}  // namespace cpu
}  // namespace s4l
