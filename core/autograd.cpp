#include "s4l/core/autograd.h"

#include <algorithm>
#include <atomic>
#include <unordered_map>
#include <unordered_set>

#include "s4l/core/ops/add.h"
#include "s4l/core/ops/update.h"
#include "s4l/core/ops/view.h"
#include "s4l/core/tensor_impl.h"

namespace s4l {

/// One recorded step. `order` grows with time, so sorting by it is a topological order.
struct Node {
  const char* op;
  std::uint64_t order;
  std::vector<std::shared_ptr<History>> inputs;  // null for an empty tensor
  Backward backward;                             // empty once freed
  std::int64_t first_row = -1;                   // not negative: gradients are of the input's rows from here on
};

namespace {

std::atomic<std::uint64_t> next_order{0};
thread_local bool recording = true;
thread_local std::function<void(const char*, const Tensor&)> watcher;

History& history_of(const Tensor& x) { return *TensorAccess::of(x).history; }

/// What of the tape leads from a loss back to the targets.
struct Path {
  std::vector<std::shared_ptr<Node>> nodes;              // latest first
  std::unordered_map<const Node*, std::uint64_t> needs;  // bit i: input i leads to a target
};

std::vector<std::shared_ptr<Node>> ancestors(const std::shared_ptr<Node>& last) {
  std::vector<std::shared_ptr<Node>> nodes{last};
  std::unordered_set<const Node*> seen{last.get()};
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::shared_ptr<Node> node = nodes[i];
    for (const auto& input : node->inputs)
      if (input && input->node && seen.insert(input->node.get()).second) nodes.push_back(input->node);
  }
  std::sort(nodes.begin(), nodes.end(), [](const auto& a, const auto& b) { return a->order > b->order; });
  return nodes;
}

template <class IsTarget>
Path path_to(const Tensor& loss, const IsTarget& is_target) {
  Path path{ancestors(history_of(loss).node), {}};
  for (auto node = path.nodes.rbegin(); node != path.nodes.rend(); ++node) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < (*node)->inputs.size(); ++i) {
      const auto& input = (*node)->inputs[i];
      if (input && (is_target(*input) || (input->node && path.needs.at(input->node.get()) != 0)))
        bits |= std::uint64_t{1} << i;
    }
    path.needs[node->get()] = bits;
  }
  return path;
}

/// A gradient on its way to a tensor of shape `whole`: of all of it, or of its rows from `first_row` on.
struct Arriving {
  Tensor g;
  const Shape& whole;
  std::int64_t first_row;

  void add_to(const Tensor& sum) const {
    add_(first_row < 0 ? sum : rows(sum, first_row, first_row + g.shape()[0]), g);
  }
  Tensor as_whole() const {
    if (first_row < 0) return g;
    const Tensor all = zeros(whole, g.dtype(), g.device());
    copy_(rows(all, first_row, first_row + g.shape()[0]), g);
    return all;
  }
};

/// Adds in place where nobody else looks at `sum`, else into a new tensor.
void accumulate(Tensor& sum, const Arriving& arriving) {
  if (!sum) {
    sum = arriving.as_whole();
    return;
  }
  if (!sum.sole_owner()) {
    if (arriving.first_row < 0) {
      sum = add(sum, arriving.g);
      return;
    }
    const Tensor own = empty_like(sum);
    copy_(own, sum);
    sum = own;
  }
  arriving.add_to(sum);
}

/// The gradients that one step sends to its inputs, checked.
Grads step_back(Node& node, const Tensor& gy, const Needs& needs) {
  check(static_cast<bool>(node.backward),
        "backward: expected a graph that was not freed, got one whose \"{}\" already ran backward()", node.op);
  Grads grads = node.backward(gy, needs);
  check(grads.size() == node.inputs.size(), "backward: expected {} gradients from \"{}\", got {}", node.inputs.size(),
        node.op, grads.size());
  for (std::size_t i = 0; i < grads.size(); ++i) {
    if (!needs[static_cast<int>(i)]) grads[i] = Tensor();
    check(!grads[i] || node.first_row >= 0 || grads[i].shape() == node.inputs[i]->shape,
          "backward: expected a gradient of {} from \"{}\", got {}", node.inputs[i] ? node.inputs[i]->shape : Shape(),
          node.op, grads[i] ? grads[i].shape() : Shape());
  }
  return grads;
}

/// grad() of a leaf that holds zeros, for who overwrites all of it; empty where it is none or of another type.
Tensor zero_grad_of(History& leaf, const Shape& shape, DType dtype, Device device) {
  const Tensor& grad = leaf.grad;
  if (!leaf.grad_is_zero || !grad || grad.shape() != shape || grad.dtype() != dtype || grad.device() != device)
    return {};
  leaf.grad_is_zero = false;
  grad.bump_version();
  return grad;
}

/// Runs the closures of `path`, latest first; `arrived` is given each gradient that reaches an input.
template <class Arrived>
void run(const Tensor& loss, const Path& path, bool free_after, const Arrived& arrived) {
  const NoGrad no_grad;
  std::unordered_map<const Node*, Tensor> flowing;
  flowing[history_of(loss).node.get()] = full(loss.shape(), 1.0, loss.dtype(), loss.device());
  for (const auto& node : path.nodes) {
    const std::uint64_t needs = path.needs.at(node.get());
    auto gy = flowing.extract(node.get());
    if (needs == 0 || gy.empty()) continue;
    const auto take = [&](int i) {
      const auto& input = node->inputs[static_cast<std::size_t>(i)];
      const bool free = free_after && input && input->node && !input->requires_grad;  // a kept gradient has its own sum
      auto sum = free ? flowing.extract(input->node.get()) : decltype(gy)();
      return sum.empty() ? Tensor() : std::move(sum.mapped());
    };
    const auto room = [&](int i, const Shape& shape, DType dtype, Device device) {
      const auto& input = node->inputs[static_cast<std::size_t>(i)];
      const Tensor own = free_after && node->first_row < 0 ? zero_grad_of(*input, shape, dtype, device) : Tensor();
      return own ? own : empty(shape, dtype, device);
    };
    Grads grads = step_back(*node, gy.mapped(), Needs(needs, take, room));
    gy = {};
    for (std::size_t i = 0; i < grads.size(); ++i) {
      if (!grads[i]) continue;
      const Arriving g{std::move(grads[i]), node->inputs[i]->shape, node->first_row};
      arrived(*node->inputs[i], g);
      if (const Node* from = node->inputs[i]->node.get()) accumulate(flowing[from], g);
    }
    if (free_after) node->backward = nullptr;
  }
}

void check_loss(const char* what, const Tensor& loss) {
  check(loss.numel() == 1, "{}: expected a loss of one element, got {}", what, loss.shape());
  check(history_of(loss).node != nullptr, "{}: expected a loss computed from a tensor that requires a gradient", what);
}

}  // namespace

Saved::Saved(const Tensor& x) {
  if (x && TensorAccess::of(x).again)
    again_ = TensorAccess::of(x).again;
  else
    kept_ = x.detach();
}
Tensor Saved::get() const { return again_ ? again_() : kept_; }

Tensor recomputed(Tensor y, std::function<Tensor()> again) {
  TensorAccess::of(y).again = std::move(again);
  return y;
}

Tensor record(const char* op, Tensor y, std::vector<Tensor> inputs, Backward backward) {
  if (watcher) watcher(op, y);
  const bool wanted =
      recording && std::any_of(inputs.begin(), inputs.end(), [](const Tensor& x) { return x.requires_grad(); });
  if (!wanted) return y;
  check(inputs.size() <= 64, "record: expected at most 64 inputs to \"{}\", got {}", op, inputs.size());
  auto node = std::make_shared<Node>();
  node->op = op;
  node->order = next_order.fetch_add(1, std::memory_order_relaxed);
  node->backward = std::move(backward);
  for (const Tensor& x : inputs) {
    node->inputs.push_back(x ? TensorAccess::of(x).history : nullptr);
    if (x) node->inputs.back()->shape = x.shape();
  }
  history_of(y).shape = y.shape();
  history_of(y).node = std::move(node);
  return y;
}

Tensor record_rows(const char* op, Tensor y, const Tensor& x, std::int64_t begin) {
  y = record(op, std::move(y), {x}, [](const Tensor& gy, Needs) { return Grads{gy}; });
  if (const auto& node = history_of(y).node) node->first_row = begin;
  return y;
}

void backward(const Tensor& loss) {
  check_loss("backward", loss);
  const auto is_leaf = [](const History& x) { return x.requires_grad; };
  run(loss, path_to(loss, is_leaf), true, [&](History& input, const Arriving& arriving) {
    if (!is_leaf(input)) return;
    if (!input.grad) input.grad = zeros(arriving.whole, arriving.g.dtype(), arriving.g.device());
    input.grad_is_zero = false;
    if (arriving.g.raw() != input.grad.raw()) arriving.add_to(input.grad);  // else it was written there
  });
}

void expect_first_gradient(const Tensor& leaf) { history_of(leaf).grad_is_zero = true; }

Grads grad(const Tensor& loss, std::span<const Tensor> of) {
  check_loss("grad", loss);
  std::unordered_map<const History*, Tensor> found;
  for (const Tensor& x : of) found.emplace(&history_of(x), Tensor());
  const Path path = path_to(loss, [&](const History& x) { return found.count(&x) != 0; });
  run(loss, path, false, [&](History& input, const Arriving& g) {
    if (const auto slot = found.find(&input); slot != found.end()) accumulate(slot->second, g);
  });
  Grads grads;
  for (const Tensor& x : of) grads.push_back(found.at(&history_of(x)));
  return grads;
}

WatchOps::WatchOps(std::function<void(const char*, const Tensor&)> seen) { watcher = std::move(seen); }
WatchOps::~WatchOps() { watcher = nullptr; }

NoGrad::NoGrad() : before_(recording) { recording = false; }
NoGrad::~NoGrad() { recording = before_; }

}  // namespace s4l
