// cuBLASLt's plans for products: the one recorded for the problem, else the fastest of the first that its heuristics
// name, which is then recorded. cuBLASLt reads matrices by columns, where our d = a b is d^T = b^T a^T: its first
// factor is our second, and rows and columns change places.
#include <cublasLt.h>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <sstream>
#include <vector>

#include "s4l/core/error.h"
#include "s4l/core/io/user_folders.h"
#include "s4l/kernels/cuda/aligned.h"
#include "s4l/kernels/cuda/fastest.h"
#include "s4l/kernels/cuda/library_error.h"
#include "s4l/kernels/cuda/plan_store.h"
#include "s4l/kernels/cuda/plan_workspace.h"
#include "s4l/kernels/cuda/product_plan.h"

namespace s4l::cuda {
namespace {

void expect(cublasStatus_t status, const char* call, const std::string& problem, Device device) {
  if (status != CUBLAS_STATUS_SUCCESS) fail_call(problem, call, {cublasLtGetStatusName(status)}, device);
}
/// Of calls that touch no device's memory.
void expect(cublasStatus_t status, const char* call, const ProductProblem& problem) {
  if (status != CUBLAS_STATUS_SUCCESS) expect(status, call, to_text(problem), {Device::Kind::cuda, 0});
}

cudaDataType_t type_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return CUDA_R_64F;
    case DType::bf16:
      return CUDA_R_16BF;
    case DType::f16:
      return CUDA_R_16F;
    default:
      return CUDA_R_32F;
  }
}

cublasComputeType_t sums_of(const ProductProblem& problem) {
  if (problem.dtype == DType::f64) return CUBLAS_COMPUTE_64F;
  return problem.tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
}

/// A handle of cuBLASLt's that goes with its scope.
template <class Handle, cublasStatus_t (*destroy)(Handle)>
struct Owned {
  Handle handle = nullptr;
  Owned() = default;
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() { destroy(handle); }
};
using Layout = Owned<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using Description = Owned<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using Preference = Owned<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

struct Workspace {
  void* memory;
  std::size_t bytes;
};

/// A problem in cuBLASLt's words, and an algorithm for it.
class LtPlan final : public ProductPlan {
 public:
  /// `vector` is the first call's: without one the heuristics might refuse an epilogue.
  LtPlan(cublasLtHandle_t handle, const ProductProblem& problem, void* vector) : handle_(handle), p_(problem) {
    const cudaDataType_t type = type_of(p_.dtype);
    expect(
        cublasLtMatmulDescCreate(&description_.handle, sums_of(p_), p_.dtype == DType::f64 ? CUDA_R_64F : CUDA_R_32F),
        "cublasLtMatmulDescCreate", p_);
    set(CUBLASLT_MATMUL_DESC_TRANSA, p_.b_turned ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, p_.a_turned ? CUBLAS_OP_T : CUBLAS_OP_N);
    if (p_.epilogue == Epilogue::add_vector) set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
    if (p_.epilogue == Epilogue::sum_a) set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BGRADB);
    if (p_.epilogue != Epilogue::none) set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, vector);
    layout(first_, type, p_.b_turned ? p_.k : p_.n, p_.b_turned ? p_.n : p_.k);
    layout(second_, type, p_.a_turned ? p_.m : p_.k, p_.a_turned ? p_.k : p_.m);
    layout(result_, type, p_.n, p_.m);
  }

  std::size_t workspace() const override { return workspace_; }

  void run(const ProductOperands& operands, void* workspace, Stream stream) const override {
    run(algorithm_, operands, {workspace, workspace_}, stream);
  }

  void run(const cublasLtMatmulAlgo_t& algorithm, const ProductOperands& operands, Workspace workspace,
           Stream stream) const {
    const std::lock_guard lock(mutex_);  // the vector's address is part of the description
    if (p_.epilogue != Epilogue::none) set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, operands.vector);
    const double one = 1, zero = 0;  // read as the type of the scale
    const float one_f = 1, zero_f = 0;
    const bool f64 = p_.dtype == DType::f64;
    const cublasStatus_t status =
        cublasLtMatmul(handle_, description_.handle, f64 ? static_cast<const void*>(&one) : &one_f, operands.b,
                       first_.handle, operands.a, second_.handle, f64 ? static_cast<const void*>(&zero) : &zero_f,
                       operands.d, result_.handle, operands.d, result_.handle, &algorithm, workspace.memory,
                       workspace.bytes, static_cast<cudaStream_t>(stream.handle()));
    if (status != CUBLAS_STATUS_SUCCESS) expect(status, "cublasLtMatmul", to_text(p_), stream.device());
  }

  /// The heuristics' first, none of which sums in an order of its own.
  std::vector<cublasLtMatmulHeuristicResult_t> candidates() const {
    Preference preference;
    expect(cublasLtMatmulPreferenceCreate(&preference.handle), "cublasLtMatmulPreferenceCreate", p_);
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, auto value) {
      expect(cublasLtMatmulPreferenceSetAttribute(preference.handle, attribute, &value, sizeof(value)),
             "cublasLtMatmulPreferenceSetAttribute", p_);
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, kWorkspaceLimit);
    for (const auto operand : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                               CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
      prefer(operand, static_cast<std::uint32_t>(kAlignment));  // else 256 are taken for granted
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
           static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
    std::vector<cublasLtMatmulHeuristicResult_t> results(kTried);
    int found = 0;
    const auto status =
        cublasLtMatmulAlgoGetHeuristic(handle_, description_.handle, first_.handle, second_.handle, result_.handle,
                                       result_.handle, preference.handle, kTried, results.data(), &found);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED)
      found = 0;
    else
      expect(status, "cublasLtMatmulAlgoGetHeuristic", p_);
    results.resize(static_cast<std::size_t>(found));
    std::erase_if(results, [](const auto& result) { return result.state != CUBLAS_STATUS_SUCCESS; });
    return results;
  }

  /// Takes an algorithm; false if this cuBLASLt cannot run it.
  bool take(const cublasLtMatmulAlgo_t& algorithm) {
    cublasLtMatmulHeuristicResult_t result{};
    const auto status = cublasLtMatmulAlgoCheck(handle_, description_.handle, first_.handle, second_.handle,
                                                result_.handle, result_.handle, &algorithm, &result);
    if (status != CUBLAS_STATUS_SUCCESS || result.workspaceSize > kWorkspaceLimit) return false;
    algorithm_ = algorithm;
    workspace_ = result.workspaceSize;
    return true;
  }

 private:
  template <class Value>
  void set(cublasLtMatmulDescAttributes_t attribute, Value value) const {
    expect(cublasLtMatmulDescSetAttribute(description_.handle, attribute, &value, sizeof(value)),
           "cublasLtMatmulDescSetAttribute", p_);
  }
  void layout(Layout& matrix, cudaDataType_t type, std::int64_t rows, std::int64_t columns) {
    expect(cublasLtMatrixLayoutCreate(&matrix.handle, type, static_cast<std::uint64_t>(rows),
                                      static_cast<std::uint64_t>(columns), rows),
           "cublasLtMatrixLayoutCreate", p_);
  }

  cublasLtHandle_t handle_;
  ProductProblem p_;
  mutable std::mutex mutex_;
  Description description_;
  Layout first_, second_, result_;
  cublasLtMatmulAlgo_t algorithm_{};
  std::size_t workspace_ = 0;
};

/// An algorithm as text: cuBLAS says that its words may be kept and used again with the same version.
std::string id_of(const cublasLtMatmulAlgo_t& algorithm) {
  std::string text;
  for (const std::uint64_t word : algorithm.data) text += (text.empty() ? "" : " ") + std::to_string(word);
  return text;
}

cublasLtMatmulAlgo_t algorithm_of(const std::string& id) {
  cublasLtMatmulAlgo_t algorithm{};
  std::istringstream words(id);
  for (std::uint64_t& word : algorithm.data) words >> word;
  return algorithm;
}

/// The plans of one device. Made on first use and never destroyed: the driver may be gone by then.
class Plans {
 public:
  explicit Plans(Stream stream)
      : store_("cublaslt-" + std::to_string(cublasLtGetVersion()), device_name(stream.device()), io::cache_folder()) {
    expect(cublasLtCreate(&handle_), "cublasLtCreate", "cuBLASLt " + std::to_string(cublasLtGetVersion()),
           stream.device());
  }

  const ProductPlan& of(const ProductProblem& problem, const ProductOperands& operands, Stream stream) {
    const std::lock_guard lock(mutex_);
    if (const auto known = plans_.find(problem); known != plans_.end()) return *known->second;
    const std::string text = to_text(problem);
    auto plan = std::make_unique<LtPlan>(handle_, problem, operands.vector);
    if (const auto id = store_.find(text); !id || !plan->take(algorithm_of(*id))) choose(*plan, text, operands, stream);
    return *plans_.emplace(problem, std::move(plan)).first->second;
  }

 private:
  /// Lets the plan take the fastest algorithm that wants no more workspace than there is, and notes it.
  void choose(LtPlan& plan, const std::string& text, const ProductOperands& operands, Stream stream) {
    auto candidates = plan.candidates();
    check(!candidates.empty(), "{}: expected an algorithm of cuBLASLt {}, got none", text, cublasLtGetVersion());
    const std::size_t all = candidates.size();
    const auto workspace = workspace_for(
        candidates, [](const auto& candidate) { return candidate.workspaceSize; }, stream);
    const int best = fastest(
        static_cast<int>(candidates.size()),
        [&](int i) {
          plan.run(candidates[static_cast<std::size_t>(i)].algo, operands, {workspace->memory(), workspace->bytes()},
                   stream);
        },
        stream);
    const cublasLtMatmulAlgo_t algorithm = candidates[static_cast<std::size_t>(best)].algo;
    check(plan.take(algorithm), "{}: expected cuBLASLt {} to run what it proposed, got a refusal", text,
          cublasLtGetVersion());
    if (candidates.size() == all)
      store_.put(text, id_of(algorithm));
    else
      store_.note(text, id_of(algorithm));
  }

  PlanStore store_;
  cublasLtHandle_t handle_ = nullptr;
  std::mutex mutex_;
  std::map<ProductProblem, std::unique_ptr<LtPlan>> plans_;
};

}  // namespace

const ProductPlan& product_plan(const ProductProblem& problem, const ProductOperands& operands, Stream stream) {
  static std::mutex mutex;
  static auto* devices = new std::map<int, Plans>;
  std::unique_lock lock(mutex);
  Plans& plans = devices->try_emplace(stream.device().index, stream).first->second;
  lock.unlock();
  return plans.of(problem, operands, stream);
}

}  // namespace s4l::cuda
