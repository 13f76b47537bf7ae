// What plays cuDNN's fusions on the emulated device is as strict as cuDNN. What it computes: tests/kernels/fusions.cpp.
#include <catch2/catch.hpp>

#include <set>

#include "s4l/core/device/storage.h"
#include "s4l/core/error.h"
#include "s4l/tests/cuda/fused_problems.h"
#include "s4l/tests/cuda/refusal.h"

using namespace s4l;
using namespace s4l::cuda;
using namespace s4l::test;
using Catch::Contains;

namespace {

const Device kDevice{Device::Kind::cuda, 0};

struct Role {
  const char* name;
  void* FusionOperands::*address;
  bool written = false;
};

/// What each of with_each_fusion() reads and writes besides x, w and y.
std::vector<std::vector<Role>> roles() {
  using F = FusionOperands;
  const Role scale{"scale", &F::scale}, bias{"bias", &F::bias}, sum{"sum", &F::sum, true},
      squares{"squares", &F::squares, true};
  return {{sum, squares},
          {scale, bias, sum, squares},
          {scale, bias},
          {scale,
           bias,
           {"norm_x", &F::norm_x},
           {"mean", &F::mean},
           {"deviation", &F::deviation},
           {"gscale", &F::gscale, true},
           {"gbias", &F::gbias, true},
           {"times_gx", &F::times_gx, true},
           {"times_norm_x", &F::times_norm_x, true},
           {"plus", &F::plus, true}}};
}

/// Operands of a problem, in memory of their size.
struct Operands {
  std::vector<Tensor> memory;
  Conv2dOperands addresses;

  Operands(const Conv2dProblem& p, const std::vector<Role>& fused)
      : addresses{room(p.x, DType::f16), room(p.w, DType::f16), room(p.y, DType::f16)} {
    for (const Role& role : fused) addresses.fused.*role.address = room(shape_of(p, role), type_of(p, role));
  }
  void* room(const Shape& shape, DType dtype) { return memory.emplace_back(zeros(shape, dtype, kDevice)).raw(); }
  static Shape shape_of(const Conv2dProblem& p, const Role& role) {
    if (role.address == &FusionOperands::norm_x) return p.x;
    const bool of_y = role.address == &FusionOperands::sum || role.address == &FusionOperands::squares;
    return {of_y ? p.y[3] : p.x[3]};
  }
  static DType type_of(const Conv2dProblem& p, const Role& role) {
    const bool parameter = role.address == &FusionOperands::scale || role.address == &FusionOperands::bias;
    return role.address == &FusionOperands::norm_x || (parameter && activates(p.fusion)) ? DType::f16 : DType::f32;
  }
};

}  // namespace

TEST_CASE("a fusion that cuDNN has no plan for is refused with the reason") {
  const auto choose = [](const Conv2dProblem& p) {
    conv2d_plan(p, {nullptr, nullptr, nullptr}, compute_stream(kDevice));
  };
  for (const Conv2dProblem& p : fused_problems()) CHECK_NOTHROW(choose(p));
  for (const Conv2dProblem& p : problems_not_fused()) CHECK_THROWS_WITH(choose(p), Contains("for a fusion"));
  for (Conv2dProblem p : fused_problems()) {
    p.direction = p.direction == Direction::forward ? Direction::backward_data : Direction::forward;
    CHECK_THROWS_WITH(choose(p), Contains("a fusion of this direction"));
  }
}

TEST_CASE("each operand of a fusion is checked like those of the convolution") {
  const std::vector<Conv2dProblem> problems = with_each_fusion({1, 4, 4, 16}, {24, 3, 3, 16}, {1, 1});
  const Stream stream = compute_stream(kDevice);
  for (std::size_t i = 0; i < problems.size(); ++i) {
    const Conv2dProblem& p = problems[i];
    const std::vector<Role> fused = roles()[i];
    Operands good(p, fused);
    const auto scratch = Storage::allocate(conv2d_plan(p, good.addresses, stream).workspace(), stream);
    CHECK(refusal(p, good.addresses, scratch->memory()).empty());
    void* const written[] = {good.addresses.y, good.addresses.x, good.addresses.w};
    for (std::size_t k = 0; k < fused.size(); ++k) {
      const Role& role = fused[k];
      INFO(to_text(p) << ": " << role.name);
      const auto with = [&](void* address) {
        Conv2dOperands changed = good.addresses;
        changed.fused.*role.address = address;
        return refusal(p, changed, scratch->memory());
      };
      const std::string name = role.name;
      char* const address = static_cast<char*>(good.addresses.fused.*role.address);
      const std::size_t bytes = good.memory[3 + k].bytes();
      CHECK_THAT(with(nullptr), Contains(fill_in("expected {} bytes of {}, got none", {to_text(bytes), name})));
      CHECK_THAT(with(address + 2), Contains(name + " at a multiple of 16 bytes, got 2"));
      CHECK_THAT(with(address + (std::int64_t{1} << 40)), Contains("live device memory"));
      CHECK_THAT(with(scratch->memory()), Contains("workspace apart from " + name));
      CHECK_THAT(with(written[static_cast<int>(p.direction)]), Contains(name + " apart from "));
      const std::string shared = with(p.direction == Direction::backward_weight ? good.addresses.x : good.addresses.w);
      CHECK((role.written ? shared.find(name + " apart from ") != std::string::npos : shared.empty()));
    }
  }
}

TEST_CASE("a fusion is part of the problem") {
  std::set<std::string> texts;
  for (const Conv2dProblem& p : with_each_fusion({1, 4, 4, 8}, {8, 3, 3, 8}, {1, 1})) texts.insert(to_text(p));
  CHECK(texts.size() == 4);
  CHECK_THAT(*texts.begin(), Contains("conv2d backward data with ReLU and norm f16: x (1, 4, 4, 8)"));
}
