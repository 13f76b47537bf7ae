// What kernel source may not use, because the CPU could not run it or because it would differ from schedule to
// schedule.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace fs = std::filesystem;

namespace {

struct Rule {
  const char* pattern;
  const char* instead;
};
const Rule kRules[] = {
    {R"(\b__shared__\b)", "S4L_SHARED or S4L_DYN_SHARED"},
    {R"(<<<)", "S4L_LAUNCH"},
    {R"(\basm\b)", "a wrapper in ptx.cuh with a twin in kernels/emulated/cuda_names.h"},
    {R"(\b__activemask\b)", "the mask of the lanes that take part"},
    {R"(\bnew\b|\bmalloc\b|\bdelete\b)", "memory from the host"},
    {R"(\bprintf\b)", "nothing: kernels are silent"},
    {R"(cooperative_groups|\bcub\b|\bthrust\b|this_grid)", "reduce.cuh, a second launch or last_block.cuh"},
    {R"(\bvolatile\b)", "atomics and barriers"},
    {R"(\bthrow\b|\btry\b)", "a check on the host"},
    {R"(cuda[A-Z]\w*Async|cudaMemcpy|cudaMalloc)", "core/device/runtime.h"},
};

std::string without_comments(const std::string& text) {
  return std::regex_replace(text, std::regex(R"(//[^\n]*)"), "");
}

/// "pattern: write ... instead", for each rule that the source breaks.
std::vector<std::string> broken_rules(const std::string& source) {
  const std::string text = without_comments(source);
  std::vector<std::string> broken;
  for (const Rule& rule : kRules)
    if (std::regex_search(text, std::regex(rule.pattern)))
      broken.push_back(std::string(rule.pattern) + ": write " + rule.instead + " instead");
  return broken;
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("kernels keep the rules that let the CPU run them") {
  int kernels = 0;
  for (const auto& entry : fs::directory_iterator(fs::path(S4L_SOURCE_DIR) / "kernels/cuda")) {
    const fs::path& path = entry.path();
    if (path.filename() == "ptx.cuh" || (path.extension() != ".cu" && path.extension() != ".cuh")) continue;
    INFO(path);
    for (const std::string& broken : broken_rules(content_of(path))) FAIL_CHECK(broken);
    ++kernels;
  }
  CHECK(kernels > 10);
}

TEST_CASE("each rule is one that can be broken") {
  for (const char* source :
       {"__shared__ float x[32];", "k<<<1, 2>>>(x);", "asm volatile(\"\");", "__activemask()", "float* x = new float;",
        "printf(\"x\");", "#include <cub/cub.cuh>", "volatile int flag;", "throw 1;", "cudaMemcpyAsync(a, b, 4);"}) {
    INFO(source);
    CHECK_FALSE(broken_rules(source).empty());
  }
  CHECK(broken_rules("// asm, new and printf in a comment\n__global__ void scale(float* x) { x[0] = 1; }").empty());
}
