// cuBLASLt's products, played: refuses what cuBLASLt refuses, checks what it is given, and computes when the stream
// comes to it.
#include <map>
#include <mutex>

#include "s4l/core/shape.h"
#include "s4l/kernels/cpu/parallel.h"
#include "s4l/kernels/cuda/aligned.h"
#include "s4l/kernels/cuda/product_plan.h"
#include "s4l/kernels/emulated/accumulator.h"
#include "s4l/kernels/emulated/library_call.h"

namespace s4l::emulated {
namespace {

using cuda::Epilogue;
using cuda::ProductOperands;
using cuda::ProductProblem;

/// `matrix` (rows, columns) as (columns, rows).
template <class A>
std::vector<A> turned(const std::vector<A>& matrix, std::int64_t rows, std::int64_t columns) {
  std::vector<A> other(matrix.size());
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t j = 0; j < columns; ++j) other[j * rows + i] = matrix[i * columns + j];
  return other;
}

template <class T>
void multiply(const ProductProblem& p, const ProductOperands& operands) {
  using A = Accumulator<T>;
  std::vector<A> a = widened<T>(operands.a, p.m * p.k), b = widened<T>(operands.b, p.k * p.n);
  if (p.a_turned) a = turned(a, p.k, p.m);
  if (p.b_turned) b = turned(b, p.n, p.k);
  std::vector<A> d(static_cast<std::size_t>(p.m * p.n)), vector;
  if (p.epilogue == Epilogue::add_vector) vector = widened<T>(operands.vector, p.n);
  if (p.epilogue == Epilogue::sum_a) vector.resize(static_cast<std::size_t>(p.m));
  cpu::parallel(p.m, [&](std::int64_t i) {
    A* row = &d[i * p.n];
    if (p.epilogue == Epilogue::add_vector) std::copy(vector.begin(), vector.end(), row);
    for (std::int64_t k = 0; k < p.k; ++k) {
      const A factor = a[i * p.k + k];
      for (std::int64_t j = 0; j < p.n; ++j) row[j] += factor * b[k * p.n + j];
      if (p.epilogue == Epilogue::sum_a) vector[i] += factor;
    }
  });
  narrow<T>(d, operands.d);
  if (p.epilogue == Epilogue::sum_a) narrow<T>(vector, operands.vector);
}

/// What cuBLASLt checks when it is asked for algorithms.
void check_problem(const ProductProblem& p) {
  const auto expect = [&](bool holds, const char* what) {
    if (!holds) fail(ErrorKind::usage, "{}: expected {}", cuda::to_text(p), what);
  };
  const bool f64 = p.dtype == DType::f64;
  expect(p.dtype == DType::f32 || f64 || p.dtype == DType::bf16 || p.dtype == DType::f16, "f32, f64, bf16 or f16");
  expect(!f64 || p.epilogue == Epilogue::none, "f32, bf16 or f16 where a vector is added or sums are taken");
  expect(!p.tf32 || p.dtype == DType::f32, "f32 where tf32 is allowed");
  expect(p.m > 0 && p.n > 0 && p.k > 0, "sizes of at least 1");
}

class Plan final : public cuda::ProductPlan {
 public:
  explicit Plan(const ProductProblem& problem) : problem_(problem) {}

  /// As a kernel that splits k in two would need it.
  std::size_t workspace() const override {
    return static_cast<std::size_t>(2 * problem_.m * problem_.n) * sizeof(float);
  }

  void run(const ProductOperands& operands, void* workspace, Stream stream) const override {
    const ProductProblem& p = problem_;
    const auto bytes = [&](std::int64_t count) { return static_cast<std::size_t>(count) * size_of(p.dtype); };
    LibraryCall call(cuda::to_text(p), cuda::kAlignment);
    call.operand("the first factor", operands.a, bytes(p.m * p.k), false);
    call.operand("the second factor", operands.b, bytes(p.k * p.n), false);
    call.operand("the product", operands.d, bytes(p.m * p.n), true);
    if (p.epilogue == Epilogue::add_vector) call.operand("the vector", operands.vector, bytes(p.n), false);
    if (p.epilogue == Epilogue::sum_a) call.operand("the vector", operands.vector, bytes(p.m), true);
    call.workspace(workspace, this->workspace());
    call.submit("cublasLtMatmul", stream,
                [p, operands] { with_multiplied(p.dtype, [&]<class T>() { multiply<T>(p, operands); }); });
  }

 private:
  ProductProblem problem_;
};

}  // namespace
}  // namespace s4l::emulated

namespace s4l::cuda {

const ProductPlan& product_plan(const ProductProblem& problem, const ProductOperands&, Stream) {
  static std::mutex mutex;
  static auto* plans = new std::map<std::string, emulated::Plan>;  // never destroyed, as cuBLAS's
  emulated::check_problem(problem);
  const std::lock_guard lock(mutex);
  const auto [plan, is_new] = plans->try_emplace(to_text(problem), problem);
  emulated::check_may_choose(is_new, to_text(problem));
  return plan->second;
}

}  // namespace s4l::cuda
