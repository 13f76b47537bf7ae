#pragma once
// One source for every device: the formula of each op of core/ops/unary.def with its derivative, then those of larger
// ops.
#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#define S4L_HD __host__ __device__
#else
#define S4L_HD
#endif

namespace s4l::formula {

struct relu {
  template <class T>
  S4L_HD static T value(T x) {
    return x < T(0) ? T(0) : x;
  }  // a NaN stays one
  template <class T>
  S4L_HD static T slope(T x) {
    return static_cast<T>(x > T(0));
  }
};
struct exp {
  template <class T>
  S4L_HD static T value(T x) {
    return std::exp(x);
  }
  template <class T>
  S4L_HD static T slope(T x) {
    return std::exp(x);
  }
};
struct log {
  template <class T>
  S4L_HD static T value(T x) {
    return std::log(x);
  }
  template <class T>
  S4L_HD static T slope(T x) {
    return T(1) / x;
  }
};
struct sqrt {
  template <class T>
  S4L_HD static T value(T x) {
    return std::sqrt(x);
  }
  template <class T>
  S4L_HD static T slope(T x) {
    return T(0.5) / std::sqrt(x);
  }
};
struct square {
  template <class T>
  S4L_HD static T value(T x) {
    return x * x;
  }
  template <class T>
  S4L_HD static T slope(T x) {
    return T(2) * x;
  }
};
struct sigmoid {
  template <class T>
  S4L_HD static T value(T x) {
    return T(1) / (T(1) + std::exp(-x));
  }
  template <class T>
  S4L_HD static T slope(T x) {
    return value(x) * value(-x);
  }
};
struct softplus {
  template <class T>
  S4L_HD static T value(T x) {
    return relu::value(x) + std::log1p(std::exp(-std::fabs(x)));
  }
  template <class T>
  S4L_HD static T slope(T x) {
    return sigmoid::value(x);
  }
};

/// expm1(r) - r, with all its digits for |r| <= 1/2.
template <class T>
S4L_HD T kl_gap(T r) {
  constexpr int kTerms = sizeof(T) == 4 ? 9 : 17;
  T sum = T(1);
  for (int n = kTerms; n >= 3; --n) sum = T(1) + r * (T(1) / T(n)) * sum;
  return r * r * T(0.5) * sum;
}

/// A class's share of KL(p~ || p), and of the gradient with respect to its logit; `ratio` r is log p~ - log p. Shares
/// are p (r exp(r) - expm1(r)) and p (expm1(r) - r): with what sums to 0 added none is negative, so that a sum keeps
/// the digits of nearly equal distributions.
struct kl_perturbed_first {
  template <class T>
  S4L_HD static T value(T perturbed, T clean, T ratio) {
    if (!(std::fabs(ratio) <= T(0.5))) return perturbed * (ratio - T(1)) + clean;
    const T gap = kl_gap(ratio);
    return clean * (ratio * (ratio + gap) - gap);
  }
  template <class T>
  S4L_HD static T slope(T perturbed, T, T ratio, T kl) {
    return perturbed * (ratio - kl);
  }
};
/// The same of KL(p || p~).
struct kl_clean_first {
  template <class T>
  S4L_HD static T value(T perturbed, T clean, T ratio) {
    if (!(std::fabs(ratio) <= T(0.5))) return perturbed - clean * (ratio + T(1));
    return clean * kl_gap(ratio);
  }
  template <class T>
  S4L_HD static T slope(T perturbed, T clean, T ratio, T) {
    if (!(std::fabs(ratio) <= T(0.5))) return perturbed - clean;
    return clean * (ratio + kl_gap(ratio));
  }
};

/// Two independent normals of two random words (Box and Muller, 1958).
struct normal_pair {
  float first, second;
  /// A number u in (0, 1]: -2 log u, which is finite, is the pair's squared length.
  S4L_HD static float radius_word(std::uint32_t a) { return static_cast<float>((a >> 8) + 1) * 0x1p-24f; }
  S4L_HD normal_pair(std::uint32_t a, std::uint32_t b) {
    const float turn = static_cast<float>(b >> 8) * 0x1p-24f, radius = std::sqrt(-2.0f * std::log(radius_word(a)));
#ifdef __CUDA_ARCH__  // sinf and cosf would take stack for angles that do not come
    sincospif(2 * turn, &second, &first);
#else
    first = std::cos(6.2831853071795864769f * turn);
    second = std::sin(6.2831853071795864769f * turn);
#endif
    first *= radius;
    second *= radius;
  }
};

}  // namespace s4l::formula
