#include "s4l/data/prefetcher.h"

#include <chrono>

#include "s4l/core/error.h"

namespace s4l::data {

Prefetcher::Prefetcher(int workers, int depth, Make make) : workers_(workers), make_(std::move(make)) {
  check(workers >= 0, "workers: expected 0 or more, got {}", workers);
  check(depth >= 1, "prefetch: expected at least 1, got {}", depth);
  places_.resize(static_cast<std::size_t>(depth));
}

void Prefetcher::start() {
  try {
    while (static_cast<int>(threads_.size()) < workers_)
      threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
  } catch (const std::exception&) {  // the system gives no more: these suffice, or the caller alone
    workers_ = static_cast<int>(threads_.size());
  }
}

void Prefetcher::stop() {
  for (std::jthread& thread : threads_) thread.request_stop();  // all of them before the first is waited for
  threads_.clear();
}

void Prefetcher::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  const auto has_room = [this] { return claimed_ < step_ + static_cast<std::int64_t>(places_.size()); };
  while (room_.wait(lock, stop, has_room) && !stop.stop_requested()) {
    const std::int64_t step = claimed_++;
    lock.unlock();
    std::exception_ptr error;
    try {
      make_(step, stop);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    place(step) = {true, std::move(error)};
    made_.notify_one();
  }
}

void Prefetcher::wait_for_worker() {
  std::unique_lock lock(mutex_);
  made_.wait(lock, [this] { return place(step_).made; });
  if (const std::exception_ptr error = place(step_).error) {
    lock.unlock();
    std::rethrow_exception(error);
  }
}

void Prefetcher::wait() {
  const auto begin = std::chrono::steady_clock::now();
  start();
  if (workers_ == 0)
    make_(step_, {});
  else
    wait_for_worker();
  const std::lock_guard lock(mutex_);
  waited_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void Prefetcher::pop() {
  {
    const std::lock_guard lock(mutex_);
    place(step_++) = {};
  }
  room_.notify_one();
}

void Prefetcher::seek(std::int64_t step) {
  check(step >= 0, "seek: expected a step of 0 or more, got {}", step);
  stop();
  const std::lock_guard lock(mutex_);
  places_.assign(places_.size(), {});
  step_ = claimed_ = step;
}

std::int64_t Prefetcher::step() const {
  const std::lock_guard lock(mutex_);
  return step_;
}

double Prefetcher::waited() const {
  const std::lock_guard lock(mutex_);
  return waited_;
}

}  // namespace s4l::data
