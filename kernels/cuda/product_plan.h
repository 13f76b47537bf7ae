#pragma once
#include <compare>
#include <cstdint>
#include <string>

#include "s4l/core/device/runtime.h"
#include "s4l/core/dtype.h"

namespace s4l::cuda {

/// What a product of matrices does besides.
enum class Epilogue : std::uint8_t {
  none,
  add_vector,  ///< adds a vector of n numbers to each row of d
  sum_a,       ///< writes the m sums of a over k to a vector
};

/// d (m, n) = a b, row-major, as a library sees it; a is stored as (m, k) or, turned, as (k, m), b as (k, n) or (n, k).
struct ProductProblem {
  DType dtype;
  bool tf32;  ///< f32 may be multiplied with 10 bits of mantissa
  std::int64_t m, n, k;
  bool a_turned, b_turned;
  Epilogue epilogue;
  friend auto operator<=>(const ProductProblem&, const ProductProblem&) = default;
};
/// "product bf16: (64, 128) x (10, 128)^T + vector"
std::string to_text(const ProductProblem& problem);

/// Device addresses; `vector` is the epilogue's.
struct ProductOperands {
  const void *a, *b;
  void *d, *vector;
};

/// One way to compute a problem on a device.
class ProductPlan {
 public:
  virtual ~ProductPlan() = default;
  /// Bytes of scratch that run() needs.
  virtual std::size_t workspace() const = 0;
  /// Queues the work on `stream`. Operands are aligned (aligned.h).
  virtual void run(const ProductOperands& operands, void* workspace, Stream stream) const = 0;
};

/// The plan for `problem`, whose sizes are all at least 1: chosen at the first call, with `operands` and on `stream`
/// where candidates have to be tried (which writes the results), and kept. A problem that the library has no plan for
/// is an Error that says so. cuBLASLt's plans are in linear_cublaslt.cpp, the emulated device's in
/// kernels/emulated/linear.cpp.
const ProductPlan& product_plan(const ProductProblem& problem, const ProductOperands& operands, Stream stream);

}  // namespace s4l::cuda
