// cuDNN's plans for convolutions: the one recorded for the problem, else the fastest of the first that cuDNN's
// heuristics name, which is then recorded.
#include <cudnn.h>

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#include "s4l/core/io/user_folders.h"
#include "s4l/kernels/cuda/cudnn_graph.h"
#include "s4l/kernels/cuda/fastest.h"
#include "s4l/kernels/cuda/library_error.h"
#include "s4l/kernels/cuda/plan_store.h"
#include "s4l/kernels/cuda/plan_workspace.h"

namespace s4l::cuda {
namespace {

class CudnnPlan final : public Conv2dPlan {
 public:
  /// `mutex` is the handle's, of which the plans of a device have one: no two threads may use it at once.
  CudnnPlan(std::unique_ptr<const CudnnGraph> graph, int candidate, std::mutex& mutex)
      : graph_(std::move(graph)), candidate_(candidate), workspace_(graph_->workspace(candidate)), mutex_(mutex) {}
  std::size_t workspace() const override { return workspace_; }
  void run(const Conv2dOperands& operands, void* workspace, Stream) const override {
    const std::lock_guard lock(mutex_);
    graph_->run(candidate_, operands, workspace);
  }

 private:
  std::unique_ptr<const CudnnGraph> graph_;
  int candidate_;
  std::size_t workspace_;
  std::mutex& mutex_;
};

/// All of a problem, to find its plan by.
using Key = std::array<std::int64_t, 20>;
Key key_of(const Conv2dProblem& p) {
  const Conv2dOptions& o = p.options;
  return {static_cast<int>(p.direction),
          static_cast<int>(p.fusion),
          static_cast<int>(p.dtype),
          p.tf32,
          p.x[0],
          p.x[1],
          p.x[2],
          p.x[3],
          p.w[0],
          p.w[1],
          p.w[2],
          p.w[3],
          p.y[0],
          p.y[1],
          p.y[2],
          p.y[3],
          o.stride,
          o.padding,
          o.dilation,
          o.groups};
}

/// The plans of one device, whose handle is bound to its compute stream. Made on first use and never destroyed: the
/// driver may be gone by then.
class Plans {
 public:
  explicit Plans(Stream stream)
      : store_("cudnn-" + cudnn_version(), device_name(stream.device()), io::cache_folder()), stream_(stream) {
    expect(cudnnCreate(&handle_), "cudnnCreate");
    expect(cudnnSetStream(handle_, static_cast<cudaStream_t>(stream.handle())), "cudnnSetStream");
  }

  const Conv2dPlan& of(const Conv2dProblem& problem, const Conv2dOperands& operands) {
    const std::lock_guard lock(mutex_);
    if (const auto known = plans_.find(key_of(problem)); known != plans_.end()) return known->second;
    const std::string text = to_text(problem);
    if (const auto id = store_.find(text))
      if (const CudnnPlan* plan = recall(problem, *id)) return *plan;
    const Choice chosen = choose(problem, operands);
    const CudnnPlan* plan = recall(problem, chosen.id);
    check(plan != nullptr, "{}: expected cuDNN {} to make plan {} again, got none", text, cudnn_version(), chosen.id);
    if (chosen.from_all)
      store_.put(text, chosen.id);
    else
      store_.note(text, chosen.id);
    return *plan;
  }

 private:
  struct Choice {
    std::string id;
    bool from_all;  ///< none was passed over for want of memory
  };

  void expect(cudnnStatus_t status, const char* call) const {
    if (status != CUDNN_STATUS_SUCCESS)
      fail_call("cuDNN " + cudnn_version(), call, {cudnnGetErrorString(status)}, stream_.device());
  }
  CudnnDevice device() const { return {handle_, ""}; }

  /// A graph of its own, with the one plan: those that were tried go.
  const CudnnPlan* recall(const Conv2dProblem& problem, const std::string& id) {
    auto graph = std::make_unique<CudnnGraph>(problem, device());
    const auto candidate = graph->recall(id);
    if (!candidate) return nullptr;
    return &plans_.try_emplace(key_of(problem), std::move(graph), *candidate, mutex_).first->second;
  }

  /// The fastest plan that wants little workspace, and no more than there is, or the one that wants least.
  Choice choose(const Conv2dProblem& problem, const Conv2dOperands& operands) {
    CudnnGraph graph(problem, device());
    const int announced = graph.candidates();
    const auto less_workspace = [&](int a, int b) { return graph.workspace(a) < graph.workspace(b); };
    std::vector<int> ready, small;
    for (int i = 0; i < announced && static_cast<int>(small.size()) < kTried; ++i) {
      if (!graph.finalise(i)) continue;
      ready.push_back(i);
      if (graph.workspace(i) <= kWorkspaceLimit) small.push_back(i);
    }
    check(!ready.empty(), "{}: expected a plan of cuDNN {}, got none of the {} that it announced {}", to_text(problem),
          cudnn_version(), announced, graph.refusal());
    if (small.empty()) return {graph.id(*std::min_element(ready.begin(), ready.end(), less_workspace)), true};
    const std::size_t all = small.size();
    const auto workspace = workspace_for(
        small, [&](int i) { return graph.workspace(i); }, stream_);
    const auto run = [&](int i) { graph.run(small[static_cast<std::size_t>(i)], operands, workspace->memory()); };
    const int best = small[static_cast<std::size_t>(fastest(static_cast<int>(small.size()), run, stream_))];
    return {graph.id(best), small.size() == all};
  }

  PlanStore store_;
  Stream stream_;
  cudnnHandle_t handle_ = nullptr;
  std::mutex mutex_;  // of the handle and the plans
  std::map<Key, CudnnPlan> plans_;
};

}  // namespace

const Conv2dPlan& conv2d_plan(const Conv2dProblem& problem, const Conv2dOperands& operands, Stream stream) {
  static std::mutex mutex;
  static auto* devices = new std::map<int, Plans>;
  std::unique_lock lock(mutex);
  Plans& plans = devices->try_emplace(stream.device().index, stream).first->second;
  lock.unlock();
  return plans.of(problem, operands);
}

}  // namespace s4l::cuda
