#pragma once
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace s4l::data {

/// Keeps numbered items ready in a ring of `depth` places: item `step` is made into place step % depth, by `workers`
/// threads ahead of time or, with 0, by the caller when it is asked for. Items are delivered in order.
class Prefetcher {
 public:
  /// Makes an item; called for several steps at once. It should return early once a stop is requested.
  using Make = std::function<void(std::int64_t step, const std::stop_token& stop)>;
  Prefetcher(int workers, int depth, Make make);
  ~Prefetcher() { stop(); }
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// The number of the next item.
  std::int64_t step() const;
  /// Returns once that item is made; throws what making it threw. Starts the threads if they are not running.
  void wait();
  /// Gives its place to a later item and moves on.
  void pop();
  /// Continues with item `step`: the threads end and start anew with the next wait().
  void seek(std::int64_t step);
  /// Seconds spent in wait() so far.
  double waited() const;

 private:
  struct Place {
    bool made = false;
    std::exception_ptr error;
  };
  Place& place(std::int64_t step) { return places_[static_cast<std::size_t>(step) % places_.size()]; }
  void start();
  void stop();
  void work(const std::stop_token& stop);
  void wait_for_worker();

  int workers_;
  Make make_;
  mutable std::mutex mutex_;
  std::condition_variable_any room_, made_;
  std::vector<Place> places_;
  std::int64_t step_ = 0, claimed_ = 0;  // the next item to deliver and to make
  double waited_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace s4l::data
