#include "s4l/methods/training/eval_batches.h"

#include <algorithm>
#include <new>

#include "s4l/core/error.h"

namespace s4l::methods {
namespace {

using Work = std::function<void(std::int64_t begin, std::int64_t end)>;

// With fewer pictures the convolutions of small maps take other algorithms, which round differently.
constexpr std::int64_t kFewest = 24;

/// False where memory ended.
bool done(const Work& work, std::int64_t begin, std::int64_t end) {
  try {
    work(begin, end);
    return true;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::memory) throw;
  } catch (const std::bad_alloc&) {
  }
  return false;
}

[[noreturn]] void fail_at(const Work& work, std::int64_t begin, std::int64_t end) {
  std::int64_t fits = (end - begin) / 2;
  while (fits > 0 && !done(work, begin, begin + fits)) fits /= 2;
  fail(ErrorKind::memory, "evaluation: expected memory for {} pictures at a time, got too little; {}", end - begin,
       fits > 0 ? "--eval-batch " + std::to_string(fits) + " fits" : "no smaller --eval-batch fits");
}

}  // namespace

void for_eval_batches(std::int64_t count, std::int64_t batch, const Work& work) {
  std::int64_t halved = 1;  // parts of a whole batch
  for (std::int64_t begin = 0; begin < count; begin += batch) {
    const std::int64_t n = std::min(batch, count - begin);
    std::int64_t parts = std::clamp<std::int64_t>(n / kFewest, 1, halved);
    for (std::int64_t part = 0; part < parts;) {
      const std::int64_t from = begin + n * part / parts, to = begin + n * (part + 1) / parts;
      if (done(work, from, to)) {
        ++part;
      } else {
        if (n / (2 * parts) < kFewest) fail_at(work, from, to);
        halved = parts *= 2;
        part *= 2;
      }
    }
  }
}

}  // namespace s4l::methods
