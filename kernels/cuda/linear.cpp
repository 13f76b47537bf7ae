// A linear layer is three products, whichever library multiplies: y = x w^T + b, gx = gy w, gw = gy^T x with gb beside.
#include "s4l/core/ops/linear.h"

#include "s4l/core/device/storage.h"
#include "s4l/core/device/tf32.h"
#include "s4l/kernels/cuda/aligned.h"
#include "s4l/kernels/cuda/product_plan.h"

namespace s4l::cuda {
namespace {

struct Factor {
  const Tensor& matrix;
  bool turned = false;
  std::int64_t rows() const { return matrix.shape()[turned ? 1 : 0]; }
  std::int64_t columns() const { return matrix.shape()[turned ? 0 : 1]; }
};

/// d = a b and its epilogue, for sizes of at least 1.
void multiply(const Factor& a, const Factor& b, const Tensor& d, Epilogue epilogue, const Tensor& vector) {
  const ProductProblem problem{.dtype = d.dtype(),
                               .tf32 = d.dtype() == DType::f32 && tf32(),
                               .m = a.rows(),
                               .n = b.columns(),
                               .k = a.columns(),
                               .a_turned = a.turned,
                               .b_turned = b.turned,
                               .epilogue = epilogue};
  const Stream stream = compute_stream(d.device());
  const Tensor from_a = aligned(a.matrix), from_b = aligned(b.matrix), to_d = aligned_result(d),
               with = epilogue == Epilogue::sum_a ? aligned_result(vector) : aligned(vector);
  const ProductOperands operands{from_a.raw(), from_b.raw(), to_d.raw(), with ? with.raw() : nullptr};
  const ProductPlan& plan = product_plan(problem, operands, stream);
  const auto workspace = Storage::allocate(plan.workspace(), stream);
  plan.run(operands, workspace->memory(), stream);
  copy_back(d, to_d);
  if (epilogue == Epilogue::sum_a) copy_back(vector, with);
}

void fill_with_zeros(const Tensor& x) {
  if (x) runtime(x.device()).fill(x.raw(), 0, x.bytes(), compute_stream(x.device()));
}

}  // namespace

std::string to_text(const ProductProblem& problem) {
  const auto factor = [](std::int64_t rows, std::int64_t columns, bool turned) {
    return turned ? s4l::to_text(Shape{columns, rows}) + "^T" : s4l::to_text(Shape{rows, columns});
  };
  static constexpr const char* kEpilogues[] = {"", " + vector", " with the sums of the first"};
  return fill_in("product {}: {} x {}{}",
                 {problem.tf32 ? "tf32" : name_of(problem.dtype), factor(problem.m, problem.k, problem.a_turned),
                  factor(problem.k, problem.n, problem.b_turned), kEpilogues[static_cast<int>(problem.epilogue)]});
}

void linear(const Tensor& x, const Tensor& w, const Tensor& b, const Tensor& y) {
  if (y.numel() != 0) multiply({x}, {w, true}, y, b ? Epilogue::add_vector : Epilogue::none, b);
}

void linear_backward(const Tensor& gy, const Tensor& x, const Tensor& w, const Tensor& gx, const Tensor& gw,
                     const Tensor& gb) {
  if (gy.numel() == 0) {
    fill_with_zeros(gw);
    return fill_with_zeros(gb);
  }
  if (gx) multiply({gy}, {w}, gx, Epilogue::none, {});
  if (gw) return multiply({gy, true}, {x}, gw, gb ? Epilogue::sum_a : Epilogue::none, gb);
  if (!gb) return;
  const std::int64_t outputs = gy.shape()[1];  // sums come with a product: the smallest at hand
  multiply({gy, true}, {gy}, empty({outputs, outputs}, gy.dtype(), gy.device()), Epilogue::sum_a, gb);
}

}  // namespace s4l::cuda
