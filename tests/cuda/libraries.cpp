// What plays cuDNN and cuBLASLt on the emulated device: right for every type, and as strict as they are.
#include <catch2/catch.hpp>

#include <array>

#include "s4l/core/device/storage.h"
#include "s4l/core/device/tf32.h"
#include "s4l/core/ops/conv2d.h"
#include "s4l/core/ops/linear.h"
#include "s4l/core/ops/view.h"
#include "s4l/kernels/cuda/conv2d_plan.h"
#include "s4l/kernels/cuda/plan_workspace.h"
#include "s4l/kernels/cuda/product_plan.h"
#include "s4l/kernels/emulated/device_memory.h"
#include "s4l/kernels/emulated/library_call.h"
#include "s4l/tests/cuda/refusal.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::cuda;
using namespace s4l::test;
using Catch::Contains;

namespace {

const Device kDevice{Device::Kind::cuda, 0};

template <class T>
Tensor rounded(const Tensor& x) {
  std::vector<T> values;
  for (const float value : values_of<float>(x)) values.push_back(static_cast<T>(value));
  return from_values(values, x.shape(), kDevice);
}

template <class T>
Tensor widened(const Tensor& x) {
  std::vector<float> values;
  for (const T value : values_of<T>(x)) values.push_back(static_cast<float>(value));
  return from_values(values, x.shape());
}

/// The three convolutions in T against those of the CPU on the same rounded numbers.
template <class T>
void check_conv2d(double tolerance) {
  const Conv2dOptions options{2, 1, 1, 2};
  const Tensor x = rounded<T>(random_tensor({3, 9, 7, 6}, DType::f32, 1)),
               w = rounded<T>(random_tensor({10, 3, 3, 3}, DType::f32, 2)),
               gy = rounded<T>(random_tensor({3, 5, 4, 10}, DType::f32, 3));
  const Tensor cx = widened<T>(x), cw = widened<T>(w), cgy = widened<T>(gy);
  const Tensor y = empty_like(gy), gx = empty_like(x), gw = empty_like(w);
  const Tensor cy = empty_like(cgy), cgx = empty_like(cx), cgw = empty_like(cw);
  kernel::conv2d(x, w, options, y);
  kernel::conv2d_backward_data(gy, w, options, gx);
  kernel::conv2d_backward_weight(x, gy, options, gw);
  kernel::conv2d(cx, cw, options, cy);
  kernel::conv2d_backward_data(cgy, cw, options, cgx);
  kernel::conv2d_backward_weight(cx, cgy, options, cgw);
  CHECK(relative_error(widened<T>(y), cy) < tolerance);
  CHECK(relative_error(widened<T>(gx), cgx) < tolerance);
  CHECK(relative_error(widened<T>(gw), cgw) < tolerance);
}

template <class T>
void check_linear(double tolerance) {
  const Tensor x = rounded<T>(random_tensor({33, 17}, DType::f32, 1)),
               w = rounded<T>(random_tensor({5, 17}, DType::f32, 2)), b = rounded<T>(random_tensor({5}, DType::f32, 3)),
               gy = rounded<T>(random_tensor({33, 5}, DType::f32, 4));
  const Tensor cx = widened<T>(x), cw = widened<T>(w), cb = widened<T>(b), cgy = widened<T>(gy);
  const Tensor y = empty_like(gy), gx = empty_like(x), gw = empty_like(w), gb = empty_like(b);
  const Tensor cy = empty_like(cgy), cgx = empty_like(cx), cgw = empty_like(cw), cgb = empty_like(cb);
  kernel::linear(x, w, b, y);
  kernel::linear_backward(gy, x, w, gx, gw, gb);
  kernel::linear(cx, cw, cb, cy);
  kernel::linear_backward(cgy, cx, cw, cgx, cgw, cgb);
  CHECK(relative_error(widened<T>(y), cy) < tolerance);
  CHECK(relative_error(widened<T>(gx), cgx) < tolerance);
  CHECK(relative_error(widened<T>(gw), cgw) < tolerance);
  CHECK(relative_error(widened<T>(gb), cgb) < tolerance);
  const Tensor alone = empty_like(b);
  kernel::linear_backward(gy, Tensor(), w, Tensor(), Tensor(), alone);
  CHECK(values_of<T>(alone).size() == 5);
  CHECK(relative_error(widened<T>(alone), widened<T>(gb)) == 0);
}

Conv2dProblem small_problem() {
  return {Direction::forward, DType::f32, false, {1, 4, 4, 8}, {8, 3, 3, 8}, {1, 4, 4, 8}, {1, 1}};
}

std::string refusal(const Conv2dProblem& problem) {
  return test::refusal(problem, {nullptr, nullptr, nullptr}, nullptr);
}

}  // namespace

TEST_CASE("the played cuDNN computes every type, rounded once at the end") {
  check_conv2d<float>(1e-6);
  check_conv2d<double>(1e-6);
  check_conv2d<bf16>(4e-3);
  check_conv2d<f16>(5e-4);
}

TEST_CASE("the played cuBLASLt computes every type, rounded once at the end") {
  check_linear<float>(1e-6);
  check_linear<bf16>(4e-3);
  check_linear<f16>(5e-4);
}

TEST_CASE("operands that begin in the midst of 16 bytes are copied before a library sees them") {
  const Tensor x = random_tensor({3, 5, 7, 3}, DType::f32, 1, 1, kDevice);
  const Tensor w = random_tensor({4, 3, 3, 3}, DType::f32, 2, 1, kDevice);
  const Tensor y = zeros({3, 5, 7, 4}, DType::f32, kDevice), gx = zeros(x.shape(), DType::f32, kDevice);
  for (std::int64_t i = 0; i < 3; ++i) {
    kernel::conv2d(rows(x, i, i + 1), w, Conv2dOptions{1, 1}, rows(y, i, i + 1));
    kernel::conv2d_backward_data(rows(y, i, i + 1), w, Conv2dOptions{1, 1}, rows(gx, i, i + 1));
  }
  const Tensor whole = conv2d(x, w, {1, 1}), whole_gx = empty_like(x);
  kernel::conv2d_backward_data(whole, w, Conv2dOptions{1, 1}, whole_gx);
  CHECK(values_of<float>(y) == values_of<float>(whole));
  CHECK(values_of<float>(gx) == values_of<float>(whole_gx));
  const Tensor rows_of = random_tensor({3, 5}, DType::f32, 3, 1, kDevice),
               v = random_tensor({2, 5}, DType::f32, 4, 1, kDevice);
  CHECK(values_of<float>(linear(rows(rows_of, 1, 3), v)) == values_of<float>(rows(linear(rows_of, v), 1, 3)));
}

TEST_CASE("a convolution that cuDNN has no plan for is refused with the reason and its sizes") {
  Conv2dProblem p = small_problem();
  p.dtype = DType::i32;
  CHECK_THAT(refusal(p), Contains("conv2d forward i32") && Contains("bf16 or f16"));
  p = small_problem();
  p.y = {1, 4, 5, 8};
  CHECK_THAT(refusal(p), Contains("(1, 4, 5, 8)") && Contains("y of the size"));
  p = small_problem();
  p.x = {0, 4, 4, 8};
  CHECK_THAT(refusal(p), Contains("at least 1"));
  p = small_problem();
  p.options.groups = 3;
  CHECK_THAT(refusal(p), Contains("groups share"));
  p = small_problem();
  p.options.stride = 0;
  CHECK_THAT(refusal(p), Contains("stride"));
  p = small_problem();
  p.dtype = DType::bf16;
  p.tf32 = true;
  CHECK_THAT(refusal(p), Contains("tf32"));
}

TEST_CASE("memory that a library would misread or overwrite is refused with its role") {
  const Conv2dProblem p = small_problem();
  const Stream stream = compute_stream(kDevice);
  const Tensor x = zeros(p.x, DType::f32, kDevice), w = zeros(p.w, DType::f32, kDevice),
               y = zeros(p.y, DType::f32, kDevice);
  const Conv2dOperands good{x.raw(), w.raw(), y.raw()};
  const auto scratch = Storage::allocate(conv2d_plan(p, good, stream).workspace(), stream);
  CHECK(refusal(p, good, scratch->memory()).empty());
  const auto with = [&](auto&& change) {
    Conv2dOperands changed = good;
    change(changed);
    return refusal(p, changed, scratch->memory());
  };
  CHECK_THAT(with([](auto& o) { o.x = nullptr; }), Contains("512 bytes of x, got none"));
  CHECK_THAT(with([](auto& o) { o.x = static_cast<char*>(o.x) + 4; }), Contains("x at a multiple of 16 bytes, got 4"));
  CHECK_THAT(with([](auto& o) { o.x = static_cast<char*>(o.x) + (std::int64_t{1} << 40); }),
             Contains("live device memory"));
  CHECK_THAT(with([](auto& o) { o.y = o.x; }), Contains("y apart from x"));
  std::vector<float> host(1024);
  const auto address = reinterpret_cast<std::uintptr_t>(host.data());
  CHECK_THAT(with([&](auto& o) { o.w = reinterpret_cast<void*>((address + 15) / 16 * 16); }),
             Contains("live device memory"));
  const Tensor half = zeros({p.x[0], p.x[1], p.x[2] / 2, p.x[3]}, DType::f32, kDevice);
  CHECK_THAT(with([&](auto& o) { o.x = half.raw(); }), Contains("512 bytes of x in one block"));
  CHECK_THAT(refusal(p, good, nullptr), Contains("of workspace, got none"));
  const Conv2dOperands within{scratch->memory(), w.raw(), y.raw()};
  CHECK_THAT(refusal(p, within, scratch->memory()), Contains("workspace apart from x"));
}

TEST_CASE("a product that cuBLASLt has no algorithm for is refused with the reason and its sizes") {
  const Tensor x = zeros({2, 3}, DType::f64, kDevice), w = zeros({4, 3}, DType::f64, kDevice);
  CHECK_THROWS_WITH(linear(x, w, zeros({4}, DType::f64, kDevice)), Contains("product f64: (2, 3) x (4, 3)^T + vector"));
  CHECK(values_of<double>(linear(x, w)) == std::vector<double>(8, 0));
  const ProductProblem none{DType::f32, false, 0, 4, 3, false, true, Epilogue::none};
  CHECK_THROWS_WITH(product_plan(none, {}, compute_stream(kDevice)), Contains("at least 1"));
}

TEST_CASE("tf32 is a choice, and part of the problem") {
  CHECK_FALSE(tf32());
  Conv2dProblem p = small_problem();
  CHECK_THAT(to_text(p), Contains("forward f32:"));
  p.tf32 = true;
  CHECK_THAT(to_text(p), Contains("forward tf32:"));
}

TEST_CASE("plans whose workspace cannot be had are passed over, the hungriest first, until there is memory") {
  const Stream stream = compute_stream(kDevice);
  const auto bytes_of = [](int candidate) { return static_cast<std::size_t>(candidate) << 10; };
  std::vector<int> plans{3, 0, 7, 5, 7};
  CHECK(workspace_for(plans, bytes_of, stream)->bytes() == 7 << 10);
  CHECK(plans == std::vector<int>{3, 0, 7, 5, 7});
  emulated::fail_allocation(1);
  CHECK(workspace_for(plans, bytes_of, stream)->bytes() == 5 << 10);
  CHECK(plans == std::vector<int>{3, 0, 5});
  plans = {4, 4};
  emulated::fail_allocation(1);
  CHECK_THROWS_WITH(workspace_for(plans, bytes_of, stream), Contains("memory of cuda:0: expected 4.0 KiB more"));
  emulated::fail_allocation(0);
}

TEST_CASE("a library's error is told with call, problem, its own name and what to do") {
  const Tensor x = zeros({2, 4, 4, 8}, DType::f32, kDevice), w = zeros({8, 3, 3, 8}, DType::f32, kDevice);
  const Tensor rows = zeros({2, 3}, DType::f32, kDevice), v = zeros({4, 3}, DType::f32, kDevice);
  const auto told = [&](int call, const char* name, auto&& work) {
    emulated::fail_library_call(call, name);
    try {
      work();
    } catch (const Error& error) {
      return std::pair(error.kind(), std::string(error.what()));
    }
    return std::pair(ErrorKind::io, std::string("no error"));
  };
  const auto convolve = [&] { conv2d(x, w, {1, 1}); };
  for (const auto& [name, advice] : std::initializer_list<std::array<const char*, 2>>{
           {"CUDNN_STATUS_EXECUTION_FAILED", "compute-sanitizer"},
           {"CUDNN_STATUS_NOT_INITIALIZED", "nvidia-smi"},
           {"CUDNN_STATUS_SUBLIBRARY_VERSION_MISMATCH", "LD_LIBRARY_PATH"},
           {"CUDNN_STATUS_NOT_SUPPORTED_ARCH_MISMATCH", "no code for this GPU"},
           {"CUDNN_STATUS_NOT_SUPPORTED", "--amp"},
           {"CUDNN_STATUS_BAD_PARAM", "report"},
           {"CUDNN_STATUS_INTERNAL_ERROR", "CUDNN_LOGLEVEL_DBG"}}) {
    const auto [kind, text] = told(1, name, convolve);
    CHECK(kind == ErrorKind::usage);
    CHECK_THAT(text, Catch::StartsWith("conv2d forward f32: x (2, 4, 4, 8), w (8, 3, 3, 8)") &&
                         Contains(std::string(": execute: ") + name + "; ") && Contains(advice));
  }
  const auto [kind, text] = told(1, "CUBLAS_STATUS_ALLOC_FAILED", [&] { linear(rows, v); });
  CHECK(kind == ErrorKind::memory);
  CHECK_THAT(text, Contains("product f32: (2, 3) x (4, 3)^T: cublasLtMatmul: CUBLAS_STATUS_ALLOC_FAILED; memory of "
                            "cuda:0 ended: tensors hold ") &&
                       Contains(" are kept for them, ") && Catch::EndsWith(" are free"));
  convolve();  // and the next call is a call like any other
}

TEST_CASE("a problem that is first met in a capture is refused, for its plans would have to be tried") {
  const Tensor x = random_tensor({5, 23}, DType::f32, 1, 1, kDevice),
               w = random_tensor({3, 23}, DType::f32, 2, 1, kDevice);
  const Tensor y = zeros({5, 3}, DType::f32, kDevice);
  const auto product = [&] { kernel::linear(x, w, Tensor(), y); };
  const Stream stream = compute_stream(kDevice);
  CHECK_THROWS_WITH(runtime(kDevice).capture(stream, product), Contains("met before the capture"));
  product();
  CHECK(runtime(kDevice).capture(stream, product) != nullptr);
}
