#include "s4l/benchmarks/peers/rounds.h"

namespace s4l::bench {

void openmp_round(int threads) {
#pragma omp parallel for schedule(static) num_threads(threads)
  for (std::int64_t i = 0; i < kTasks; ++i) task(i);
}

}  // namespace s4l::bench
