#pragma once
// The formula of each op of core/ops/unary.def with its derivative: one source for every device.
#include <cmath>

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
    return x > T(0) ? T(1) : T(0);
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

}  // namespace s4l::formula
