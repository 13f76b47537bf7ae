#pragma once
#include "s4l/core/kernel.h"

namespace s4l {

/// Which distribution weights the logarithms: of KL(p~ || p) the perturbed one, as the released program has it; of
/// KL(p || p~) the clean one, as Miyato et al. have it (spec 2.6.1).
enum class KlOrder { perturbed_first, clean_first };

struct KlDivergence {
  Tensor loss;  ///< () mean_i of `rows`; alone carries a gradient
  Tensor rows;  ///< (N)
};

/// KL divergence of p~_i = softmax(z_i) and p_i = softmax(clean_i), both (N, K), of the same type; the gradient flows
/// to z alone. Exact to rounding for nearly equal logits too.
KlDivergence kl_divergence(const Tensor& z, const Tensor& clean, KlOrder order = KlOrder::perturbed_first);

/// gz is d loss / dz, or empty if not wanted; loss is ().
S4L_KERNEL(kl_divergence, const Tensor& z, const Tensor& clean, KlOrder order, const Tensor& loss, const Tensor& rows,
           const Tensor& gz)

}  // namespace s4l
