// Which plans cuDNN really makes for the convolutions of every network, without a GPU: it is told the properties of a
// device (tests/golden/deviceprops) and finalises plans for it. The result is compared with the table of this version
// in tests/golden, so that a change of cuDNN, of our graphs or of a network shows.
#include <catch2/catch.hpp>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "s4l/core/io/file.h"
#include "s4l/kernels/cuda/cudnn_graph.h"
#include "s4l/tests/cuda/fused_problems.h"
#include "s4l/tests/cuda/network_layers.h"

using namespace s4l;
using namespace s4l::cuda;
using namespace s4l::test;

namespace {

constexpr std::int64_t kPictures = 256;

struct Pattern {
  const char* name;
  Direction direction;
  Fusion fusion;
};
constexpr Pattern kPlain[] = {{"forward", Direction::forward, Fusion::none},
                              {"data", Direction::backward_data, Fusion::none},
                              {"weight", Direction::backward_weight, Fusion::none}};
constexpr Pattern kFused[] = {{"forward+statistics", Direction::forward, Fusion::statistics},
                              {"activation+forward+statistics", Direction::forward, Fusion::activation_statistics},
                              {"activation+weight", Direction::backward_weight, Fusion::activation},
                              {"data+relu+norm", Direction::backward_data, Fusion::relu_norm}};

struct Type {
  const char* name;
  DType dtype;
  bool tf32;
};
constexpr Type kTypes[] = {
    {"f32", DType::f32, false}, {"tf32", DType::f32, true}, {"bf16", DType::bf16, false}, {"f16", DType::f16, false}};

constexpr const char* kDevices[] = {"a100", "h200", "b200"};

CudnnDevice described(const std::string& device) {
  return {nullptr, io::read_file(S4L_SOURCE_DIR "/tests/golden/deviceprops/" + device + ".json")};
}

/// "28 plans, 205668368, 0": how many are finalised, the bytes of workspace of the one that the heuristics put first,
/// and the fewest bytes; "none".
std::string support(const Conv2dProblem& problem, const CudnnDevice& device) {
  CudnnGraph graph(problem, device);
  int plans = 0;
  std::size_t first = 0, least = 0;
  for (int i = 0, n = graph.candidates(); i < n; ++i) {
    if (!graph.finalise(i)) continue;
    const std::size_t bytes = graph.workspace(i);
    if (plans++ == 0) first = least = bytes;
    least = std::min(least, bytes);
  }
  return plans == 0 ? "none" : fill_in("{} {} {}", {to_text(plans), to_text(first), to_text(least)});
}

/// One line for each layer, pattern and type.
std::vector<std::string> table_of(const std::string& name) {
  const CudnnDevice device = described(name);
  std::vector<std::string> lines;
  for (const NetworkLayer& layer : network_layers()) {
    const auto add = [&](const Pattern& pattern, const Type& type) {
      const auto many = [](Shape s) {
        s[0] = kPictures;
        return s;
      };
      const Conv2dProblem problem{pattern.direction, type.dtype,    type.tf32,     many(layer.x),
                                  layer.w,           many(layer.y), layer.options, pattern.fusion};
      lines.push_back(
          fill_in("{}, {}, {}, {}, {}", {name, name_of(layer), pattern.name, type.name, support(problem, device)}));
    };
    for (const Pattern& pattern : kPlain)
      for (const Type& type : kTypes) add(pattern, type);
    for (const Pattern& pattern : kFused) add(pattern, kTypes[3]);
  }
  return lines;
}

std::string golden_path() { return S4L_SOURCE_DIR "/tests/golden/cudnn-" + cudnn_version() + ".csv"; }

std::vector<std::string> golden(const std::string& device) {
  std::istringstream file(io::read_file(golden_path()));
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);)
    if (line.rfind(device + ",", 0) == 0) lines.push_back(line);
  return lines;
}

void compare(const std::string& device) {
  if (!std::filesystem::exists(golden_path())) {
    std::cout << "skipped: tests/golden has no table of plans of cuDNN " << cudnn_version() << '\n';
    return;
  }
  const auto expected = golden(device), got = table_of(device);
  REQUIRE(expected.size() == got.size());
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(expected[i] == got[i]);
}

}  // namespace

TEST_CASE("cuDNN makes the plans of the table for an A100", "[plans]") { compare("a100"); }
TEST_CASE("cuDNN makes the plans of the table for an H200", "[plans]") { compare("h200"); }
TEST_CASE("cuDNN makes the plans of the table for a B200", "[plans]") { compare("b200"); }

TEST_CASE("cuDNN has plans for awkward convolutions, in f64 too") {
  struct Layer {
    Shape x, w;
    Conv2dOptions options;
  };
  const std::vector<Layer> layers{{{3, 5, 7, 3}, {4, 3, 3, 3}, {1, 1}},
                                  {{1, 7, 5, 17}, {33, 3, 3, 17}, {1, 1}},
                                  {{1, 1, 1, 2}, {3, 1, 1, 2}, {2, 1}},
                                  {{1, 3, 3, 1}, {1, 3, 3, 1}, {1, 3}},
                                  {{1, 13, 12, 2}, {2, 2, 2, 2}, {4, 1, 6}},
                                  {{2, 5, 6, 6}, {9, 3, 3, 2}, {1, 1, 1, 3}},
                                  {{64, 16, 16, 64}, {64, 3, 3, 1}, {1, 1, 1, 64}}};
  const auto windows = [](std::int64_t size, std::int64_t taps, const Conv2dOptions& o) {
    return (size + 2 * o.padding - o.dilation * (taps - 1) - 1) / o.stride + 1;
  };
  for (const char* name : kDevices) {
    const CudnnDevice device = described(name);
    for (const auto& [x, w, o] : layers)
      for (const Pattern& pattern : kPlain)
        for (const DType dtype : {DType::f32, DType::f64, DType::bf16, DType::f16}) {
          const Shape y{x[0], windows(x[1], w[1], o), windows(x[2], w[2], o), w[0]};
          const Conv2dProblem problem{pattern.direction, dtype, false, x, w, y, o};
          INFO(name << ": " << to_text(problem));
          CHECK(support(problem, device) != "none");
        }
  }
}

TEST_CASE("cuDNN has plans for the fusions that the played one takes, and none for what that refuses") {
  for (const char* name : {"a100", "h200"})
    for (const Conv2dProblem& problem : fused_problems()) {
      INFO(name << ": " << to_text(problem));
      CHECK(support(problem, described(name)) != "none");
    }
  for (const Conv2dProblem& problem : problems_not_fused()) {
    INFO(to_text(problem));
    CHECK(support(problem, described("h200")) == "none");
  }
}

TEST_CASE("a fused plan gives every tensor of its graph an address, and is made again from its id") {
  const CudnnDevice device = described("h200");
  std::vector<char> memory(16);
  for (const Conv2dProblem& problem : fused_problems()) {
    CudnnGraph graph(problem, device);
    const int count = graph.candidates();
    int first = 0;
    while (first < count && !graph.finalise(first)) ++first;
    REQUIRE(first < count);
    CHECK(CudnnGraph(problem, device).recall(graph.id(first)));
    const Conv2dOperands operands{memory.data(), memory.data(), memory.data()};
    CHECK_THROWS_WITH(graph.run(first, operands, memory.data()), Catch::Contains("handle"));  // missed after addresses
  }
}

TEST_CASE("a plan is made again from its id, and an id that cuDNN does not name is none") {
  const CudnnDevice device = described("h200");
  const Conv2dProblem problem{Direction::forward, DType::bf16,     false, {8, 16, 16, 64},
                              {64, 3, 3, 64},     {8, 16, 16, 64}, {1, 1}};
  CudnnGraph graph(problem, device);
  int tried = 0;
  for (int i = 0, n = graph.candidates(); i < n && tried < 4; ++i) {
    if (!graph.finalise(i)) continue;
    ++tried;
    CudnnGraph again(problem, device);
    const auto found = again.recall(graph.id(i));
    REQUIRE(found);
    CHECK(again.workspace(*found) == graph.workspace(i));
  }
  CHECK(tried == 4);
  for (const char* wrong : {"", "eng999999"}) CHECK_FALSE(CudnnGraph(problem, device).recall(wrong));
}

TEST_CASE("a problem that cuDNN refuses is an error with its words and the sizes") {
  Conv2dProblem problem{Direction::forward, DType::f32,      false, {8, 16, 16, 64},
                        {64, 3, 3, 64},     {8, 16, 15, 64}, {1, 1}};
  CHECK_THROWS_WITH(CudnnGraph(problem, described("h200")),
                    Catch::Contains("(8, 16, 15, 64)") && Catch::Contains("CUDNN_STATUS"));
  CHECK_THROWS_WITH(CudnnGraph(problem, CudnnDevice{nullptr, "{}"}), Catch::Contains("CUDNN_STATUS"));
  problem.fusion = Fusion::relu_norm;
  CHECK_THROWS_WITH(CudnnGraph(problem, described("h200")), Catch::Contains("of this direction"));
}

TEST_CASE("write the table of this cuDNN", "[.write][plans]") {
  std::string text = "device, layer, pattern, type, plans and the bytes of workspace of the first and the least (" +
                     to_text(kPictures) + " pictures)\n";
  for (const char* device : kDevices)
    for (const std::string& line : table_of(device)) text += line + '\n';
  io::save_atomically(golden_path(), text);
}
