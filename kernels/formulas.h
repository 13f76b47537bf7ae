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

/// A class's share of KL(p~ || p), and of the gradient with respect to its logit; `ratio` is log p~ - log p.
struct kl_perturbed_first {
  template <class T>
  S4L_HD static T value(T perturbed, T, T ratio) {
    return perturbed * ratio;
  }
  template <class T>
  S4L_HD static T slope(T perturbed, T, T ratio, T kl) {
    return perturbed * (ratio - kl);
  }
};
/// The same of KL(p || p~).
struct kl_clean_first {
  template <class T>
  S4L_HD static T value(T, T clean, T ratio) {
    return -clean * ratio;
  }
  template <class T>
  S4L_HD static T slope(T perturbed, T clean, T, T) {
    return perturbed - clean;
  }
};

/// Two independent normals of two random words (Box and Muller, 1958).
struct normal_pair {
  float first, second;
  S4L_HD normal_pair(std::uint32_t a, std::uint32_t b) {
    const float u = static_cast<float>((a >> 8) + 1) * 0x1p-24f;  // in (0, 1]: its logarithm is finite
    const float angle = 6.2831853071795864769f * (static_cast<float>(b >> 8) * 0x1p-24f);
    const float radius = std::sqrt(-2.0f * std::log(u));
    first = radius * std::cos(angle);
    second = radius * std::sin(angle);
  }
};

}  // namespace s4l::formula
