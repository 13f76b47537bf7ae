#include "s4l/kernels/cuda/cudnn_graph.h"

#include "s4l/kernels/cuda/library_error.h"

#define CUDNN_FRONTEND_SKIP_JSON_LIB
#include <cudnn_frontend.h>

#include <algorithm>

namespace s4l::cuda {
namespace {

namespace fe = cudnn_frontend;
using fe::graph::Tensor_attributes;
using Node = std::shared_ptr<Tensor_attributes>;

/// cuDNN's words on one line.
std::string words_of(fe::error_t status) {
  std::string words = status.get_message();
  std::replace(words.begin(), words.end(), '\n', ' ');
  return words;
}

/// Throws what cuDNN refused; its words hold its name for the error where a call of its own failed.
void expect(const fe::error_t& status, const char* call, const Conv2dProblem& problem) {
  if (status.is_good()) return;
  int device = 0;
  cudaGetDevice(&device);
  fail_call(to_text(problem), call, {"cuDNN " + cudnn_version(), words_of(status)}, {Device::Kind::cuda, device});
}

fe::DataType_t type_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return fe::DataType_t::DOUBLE;
    case DType::bf16:
      return fe::DataType_t::BFLOAT16;
    case DType::f16:
      return fe::DataType_t::HALF;
    default:
      return fe::DataType_t::FLOAT;
  }
}

/// cuDNN names sizes as N, C, H, W whatever the order in memory, which the strides tell.
std::vector<std::int64_t> sizes(const Shape& s) { return {s[0], s[3], s[1], s[2]}; }
std::vector<std::int64_t> strides(const Shape& s) { return {s[1] * s[2] * s[3], 1, s[2] * s[3], s[3]}; }

/// From kScale on in the order in which run() names a fusion's operands; kGradients is the first of batch norm's five.
enum Uid : std::int64_t { kX, kW, kY, kScale, kBias, kMean, kDeviation, kSum, kSquares, kNormX, kGradients };

/// Builds the nodes of one problem.
class Builder {
 public:
  Builder(fe::graph::Graph& graph, const Conv2dProblem& problem) : graph_(graph), p_(problem) {}

  void build() {
    if (p_.direction == Direction::forward)
      forward();
    else if (p_.direction == Direction::backward_data)
      backward_data();
    else
      backward_weight();
  }

 private:
  Node tensor(const char* name, Uid uid, const Shape& shape) {
    return graph_.tensor(
        Tensor_attributes().set_name(name).set_uid(uid).set_dim(sizes(shape)).set_stride(strides(shape)));
  }
  Node channels(const char* name, Uid uid, std::int64_t count, fe::DataType_t type) {
    return graph_.tensor(Tensor_attributes()
                             .set_name(name)
                             .set_uid(uid)
                             .set_dim({1, count, 1, 1})
                             .set_stride({count, 1, count, count})
                             .set_data_type(type));
  }
  void result(const Node& node, Uid uid, const Shape& shape) {
    node->set_output(true)
        .set_uid(uid)
        .set_dim(sizes(shape))
        .set_stride(strides(shape))
        .set_data_type(type_of(p_.dtype));
  }
  void channel_result(const Node& node, Uid uid) {
    node->set_output(true).set_uid(uid).set_data_type(fe::DataType_t::FLOAT);
  }

  template <class Attributes>
  Attributes window() const {
    const std::int64_t stride = p_.options.stride, padding = p_.options.padding, dilation = p_.options.dilation;
    return Attributes().set_padding({padding, padding}).set_stride({stride, stride}).set_dilation({dilation, dilation});
  }
  Node pointwise(fe::PointwiseMode_t mode, const Node& a, const Node& b = nullptr) {
    const auto attributes = fe::graph::Pointwise_attributes().set_mode(mode);
    return b ? graph_.pointwise(a, b, attributes) : graph_.pointwise(a, attributes);
  }

  /// x, or relu(scale x + bias).
  Node input() {
    const Node x = tensor("x", kX, p_.x);
    if (!activates(p_.fusion)) return x;
    const Node scaled = pointwise(fe::PointwiseMode_t::MUL, x, channels("scale", kScale, p_.x[3], type_of(p_.dtype)));
    return pointwise(fe::PointwiseMode_t::RELU_FWD,
                     pointwise(fe::PointwiseMode_t::ADD, scaled, channels("bias", kBias, p_.x[3], type_of(p_.dtype))));
  }

  void forward() {
    const Node y = graph_.conv_fprop(input(), tensor("w", kW, p_.w), window<fe::graph::Conv_fprop_attributes>());
    result(y, kY, p_.y);
    if (p_.fusion == Fusion::none) return;
    const auto [sum, squares] = graph_.genstats(y, fe::graph::Genstats_attributes());
    channel_result(sum, kSum);
    channel_result(squares, kSquares);
  }

  void backward_data() {
    const Node gx =
        graph_.conv_dgrad(tensor("gy", kY, p_.y), tensor("w", kW, p_.w), window<fe::graph::Conv_dgrad_attributes>());
    if (p_.fusion == Fusion::none) return result(gx, kX, p_.x);
    gx->set_dim(sizes(p_.x)).set_stride(strides(p_.x));
    const auto f32 = [&](const char* name, Uid uid) { return channels(name, uid, p_.x[3], fe::DataType_t::FLOAT); };
    const Node x = tensor("x", kNormX, p_.x), mean = f32("mean", kMean),
               deviation = f32("inverse deviation", kDeviation), scale = f32("scale", kScale),
               bias = f32("bias", kBias);
    const Node normal = pointwise(fe::PointwiseMode_t::MUL, pointwise(fe::PointwiseMode_t::SUB, x, mean), deviation);
    const Node y = pointwise(fe::PointwiseMode_t::ADD, pointwise(fe::PointwiseMode_t::MUL, normal, scale), bias);
    const Node masked = pointwise(fe::PointwiseMode_t::RELU_BWD, gx, y);
    result(masked, kX, p_.x);
    const auto sums = graph_.dbn_weight(masked, x, mean, deviation, scale, fe::graph::DBN_weight_attributes());
    for (std::size_t i = 0; i < sums.size(); ++i) channel_result(sums[i], static_cast<Uid>(kGradients + i));
  }

  void backward_weight() {
    const Node gw = graph_.conv_wgrad(tensor("gy", kY, p_.y), input(), window<fe::graph::Conv_wgrad_attributes>());
    result(gw, kW, p_.w);
  }

  fe::graph::Graph& graph_;
  const Conv2dProblem& p_;
};

}  // namespace

struct CudnnGraph::State {
  Conv2dProblem problem;
  cudnnHandle_t handle;
  fe::graph::Graph graph;
  std::string refusal;

  bool accepts(const fe::error_t& status) {
    if (status.is_bad()) refusal = words_of(status);
    return status.is_good();
  }
};

CudnnGraph::CudnnGraph(const Conv2dProblem& problem, const CudnnDevice& device)
    : state_(std::make_unique<State>(State{problem, device.handle, {}, {}})) {
  check_fusion(problem);
  fe::graph::Graph& graph = state_->graph;
  const fe::DataType_t sums = problem.dtype == DType::f64 ? fe::DataType_t::DOUBLE : fe::DataType_t::FLOAT;
  graph.set_io_data_type(type_of(problem.dtype)).set_compute_data_type(sums);
  graph.set_intermediate_data_type(problem.fusion == Fusion::relu_norm ? sums : type_of(problem.dtype));
  if (device.handle == nullptr) {
    const auto described = std::make_shared<fe::DeviceProperties>();
    std::vector<std::uint8_t> json(device.properties.begin(), device.properties.end());
    json.push_back(0);
    expect(described->deserialize(json), "device properties", problem);
    graph.set_device_properties(described);
  }
  Builder(graph, problem).build();
  expect(graph.validate(), "validate", problem);
  expect(graph.build_operation_graph(device.handle), "build_operation_graph", problem);
}

CudnnGraph::~CudnnGraph() = default;

int CudnnGraph::candidates() {
  fe::graph::Graph& graph = state_->graph;
  if (!state_->accepts(graph.create_execution_plans({fe::HeurMode_t::A, fe::HeurMode_t::FALLBACK}))) return 0;
  graph.deselect_numeric_notes({fe::NumericalNote_t::NONDETERMINISTIC});
  if (state_->problem.dtype == DType::f32 && !state_->problem.tf32)
    graph.deselect_numeric_notes({fe::NumericalNote_t::TENSOR_CORE, fe::NumericalNote_t::DOWN_CONVERT_INPUTS});
  return static_cast<int>(graph.get_execution_plan_count());
}

bool CudnnGraph::finalise(int candidate) { return state_->accepts(state_->graph.build_plan_at_index(candidate)); }

const std::string& CudnnGraph::refusal() const { return state_->refusal; }

std::string CudnnGraph::id(int candidate) const {
  std::string name;
  expect(state_->graph.get_plan_name_at_index(candidate, name), "get_plan_name", state_->problem);
  return name;
}

std::optional<int> CudnnGraph::recall(const std::string& id) {
  for (int i = 0, n = candidates(); i < n; ++i)
    if (this->id(i) == id && finalise(i)) return i;
  return std::nullopt;
}

std::size_t CudnnGraph::workspace(int candidate) const {
  std::int64_t bytes = 0;
  expect(state_->graph.get_workspace_size_plan_at_index(candidate, bytes), "workspace", state_->problem);
  return static_cast<std::size_t>(bytes);
}

void CudnnGraph::run(int candidate, const Conv2dOperands& operands, void* workspace) const {
  std::unordered_map<std::int64_t, void*> addresses{{kX, operands.x}, {kW, operands.w}, {kY, operands.y}};
  const FusionOperands& f = operands.fused;
  std::int64_t uid = kScale;
  if (state_->problem.fusion != Fusion::none)
    for (void* address : {f.scale, f.bias, f.mean, f.deviation, f.sum, f.squares, f.norm_x, f.gscale, f.gbias,
                          f.times_gx, f.times_norm_x, f.plus})
      addresses[uid++] = address;
  expect(state_->graph.execute_plan_at_index(state_->handle, addresses, workspace, candidate), "execute",
         state_->problem);
}

std::string cudnn_version() {
  const std::size_t v = cudnnGetVersion();
  return std::to_string(v / 10000) + "." + std::to_string(v / 100 % 100) + "." + std::to_string(v % 100);
}

}  // namespace s4l::cuda
