#pragma once
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace s4l::data {

/// Runs task(i) for all i below `count`, on every core, or as many threads as the system gives; throws what the task of
/// the lowest i has thrown. For reading and decoding while nothing is computed: these are not the kernels' threads.
template <class Task>
void in_threads(std::size_t count, const Task& task) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::size_t failed = count;
  std::exception_ptr error;
  const auto work = [&] {
    for (std::size_t i = next++; i < count; i = next++) try {
        task(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (i < failed) failed = i, error = std::current_exception();
      }
  };
  {
    std::vector<std::jthread> threads;
    try {
      for (std::size_t i = 1; i < std::thread::hardware_concurrency() && i < count; ++i) threads.emplace_back(work);
    } catch (const std::exception&) {  // it gives no more
    }
    work();
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace s4l::data
