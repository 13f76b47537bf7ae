#pragma once
#include <cstdint>
#include <functional>

namespace s4l::cpu {

/// Runs task(0) ... task(tasks - 1), each once, on the pool and the calling thread, whoever is free taking
/// the next. What a task computes must not depend on which thread runs it; then results do not depend on
/// the number of threads. A call from within a task, or while another thread uses the
/// pool, runs serially. An exception of a task reaches the caller.
void parallel(std::int64_t tasks, const std::function<void(std::int64_t)>& task);

/// The pool's thread (the caller's is 0) that runs the task this is called from; -1 outside of the pool's tasks.
int pool_thread();

/// The same over ranges: splits [0, n) into blocks of `block` elements (the last may be shorter) and
/// calls body(begin, end) for each.
template <class Body>
void parallel_blocks(std::int64_t n, std::int64_t block, const Body& body) {
  if (n <= block) {
    if (n > 0) body(std::int64_t{0}, n);
    return;
  }
  parallel((n + block - 1) / block, [&](std::int64_t i) {
    const std::int64_t begin = i * block;
    body(begin, begin + block < n ? begin + block : n);
  });
}

}  // namespace s4l::cpu
