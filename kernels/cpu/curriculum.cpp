#include "s4l/core/ops/curriculum.h"

#include <algorithm>
#include <numeric>

namespace s4l::cpu {

void curriculum_thresholds(const Tensor& counts, std::int64_t pictures, double tau, bool warm_up,
                           const Tensor& thresholds) {
  const std::int64_t *count = counts.data<std::int64_t>(), *end = count + counts.numel();
  std::int64_t most = counts.numel() > 0 ? *std::max_element(count, end) : 0;
  if (warm_up) most = std::max(most, pictures - std::accumulate(count, end, std::int64_t{0}));
  for (std::int64_t c = 0; c < counts.numel(); ++c) {
    const double beta = most > 0 ? static_cast<double>(count[c]) / static_cast<double>(most) : 0;
    thresholds.data<float>()[c] = static_cast<float>(beta / (2 - beta) * tau);
  }
}

void note_confident(const Tensor& seen, const Tensor& counts, const Tensor& q, const Tensor& index, double tau) {
  const std::int64_t k = q.shape()[1];
  std::int64_t* count = counts.data<std::int64_t>();
  for (std::int64_t i = 0; i < q.shape()[0]; ++i) {
    const float* row = q.data<float>() + i * k;
    const auto c = std::max_element(row, row + k) - row;
    if (static_cast<double>(row[c]) <= tau) continue;
    std::int32_t& last = seen.data<std::int32_t>()[index.data<std::int64_t>()[i]];
    if (last >= 0) --count[last];
    ++count[last = static_cast<std::int32_t>(c)];
  }
}

}  // namespace s4l::cpu
