#include "s4l/kernels/cpu/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "s4l/core/device/cgroup.h"
#include "s4l/core/device/device.h"
#include "s4l/core/error.h"
#include "s4l/kernels/cpu/scratch.h"

namespace s4l {
namespace {

thread_local int running_thread = -1;  // of the pool, while it runs tasks

/// A fork-join pool. A round is a count of tasks left, which the caller and every worker that is awake take from one by
/// one; the caller waits for the tasks, not for the workers, so that one the system has put aside delays nobody.
class Pool {
 public:
  explicit Pool(int threads) : threads_(threads), spins_(threads <= available_cores() ? kSpins : 0) {
    try {
      for (int t = 1; t < threads; ++t) workers_.emplace_back([this, t] { work(t); });
    } catch (const std::exception&) {  // the system gives no more
      keep(workers_.size() / 2);       // the others' room is for what the tasks will need
    }
  }
  ~Pool() { keep(0); }
  /// As many as were asked for; it may have fewer, the caller among them.
  int wanted_threads() const { return threads_; }
  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  void run(std::int64_t tasks, const std::function<void(std::int64_t)>& task) {
    error_ = nullptr;
    task_.store(&task, std::memory_order_relaxed);
    tasks_.store(tasks, std::memory_order_relaxed);
    unfinished_.store(static_cast<int>(tasks), std::memory_order_relaxed);
    left_.store(tasks, std::memory_order_release);
    wake();
    take_tasks(0);
    for (int unfinished; (unfinished = unfinished_.load(std::memory_order_acquire)) != 0;)
      wait(unfinished_, unfinished);
    if (error_) std::rethrow_exception(error_);
  }

 private:
  static constexpr int kSpins = 2000;  // some microseconds: the next kernel of a step is usually that near

  /// Ends all workers but the first `count`.
  void keep(std::size_t count) {
    kept_.store(static_cast<int>(count), std::memory_order_relaxed);
    wake();
    for (; workers_.size() > count; workers_.pop_back()) workers_.back().join();
  }

  /// Returns once `value` may have changed from `old`.
  template <class T>
  void wait(std::atomic<T>& value, T old) const {
    for (int spin = 0; spin < spins_; ++spin) {
      if (value.load(std::memory_order_acquire) != old) return;
      __builtin_ia32_pause();
    }
    value.wait(old, std::memory_order_acquire);
  }

  void wake() {
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
  }

  /// Runs tasks until none is left. Whoever holds one keeps the round open, so task_ and tasks_ are that round's.
  void take_tasks(int thread) {
    running_thread = thread;
    for (std::int64_t left = left_.load(std::memory_order_acquire); left > 0;) {
      if (!left_.compare_exchange_weak(left, left - 1, std::memory_order_acq_rel)) continue;
      run_one(tasks_.load(std::memory_order_relaxed) - left);
      if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_one();
      left = left_.load(std::memory_order_acquire);
    }
    running_thread = -1;
  }

  void run_one(std::int64_t i) {
    try {
      (*task_.load(std::memory_order_relaxed))(i);
    } catch (...) {
      const std::lock_guard lock(error_mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }

  void work(int thread) {
    for (std::uint32_t seen = 0;;) {
      wait(round_, seen);
      seen = round_.load(std::memory_order_acquire);
      if (thread > kept_.load(std::memory_order_relaxed)) return;
      take_tasks(thread);
    }
  }

  const int threads_, spins_;        // who shares a core with the thread that it waits for must leave it that core
  std::atomic<int> kept_{threads_};  // workers with a higher number end
  std::vector<std::thread> workers_;
  std::atomic<const std::function<void(std::int64_t)>*> task_{nullptr};
  std::atomic<std::int64_t> tasks_{0}, left_{0};
  std::atomic<int> unfinished_{0};
  std::atomic<std::uint32_t> round_{0};
  std::exception_ptr error_;
  std::mutex error_mutex_;
};

std::mutex pool_mutex;  // held while a kernel runs: a second caller works alone
Pool* pool = nullptr;   // never destroyed: threads end with the process
std::atomic<int> wanted_threads{0};

}  // namespace

int available_cores() {
  cpu_set_t set;
  const int allowed = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return std::max(1, std::min(allowed, cgroup_cores()));
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
  if (tasks <= 1 || running_thread >= 0 || num_threads() == 1 || !lock.try_lock()) {
    for (std::int64_t i = 0; i < tasks; ++i) task(i);
    return;
  }
  if (pool == nullptr || pool->wanted_threads() != num_threads()) {
    delete std::exchange(pool, nullptr);
    pool = new Pool(num_threads());
  }
  prepare_scratch(pool->threads());
  pool->run(tasks, task);
}

int pool_thread() { return running_thread; }

}  // namespace cpu
}  // namespace s4l
