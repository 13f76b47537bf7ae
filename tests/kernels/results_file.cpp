#include "s4l/tests/kernels/results_file.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <string>

#include "s4l/core/io/safetensors.h"
#include "s4l/tests/support/near.h"

namespace s4l::test {
namespace {

struct Written {
  const char* path = std::getenv("S4L_WRITE_RESULTS");
  io::TensorFile file;
  ~Written() {
    if (path != nullptr) io::save_tensors(path, file);
  }
};

/// Of the next check in the running test case.
std::string next_name() {
  static std::map<std::string, int> checks;
  const std::string test = Catch::getResultCapture().getCurrentTestName();
  return test + " #" + std::to_string(++checks[test]);
}

void check_same(const std::vector<double>& got, const std::vector<double>& there, const Wanted& wanted) {
  REQUIRE(got.size() == there.size());
  for (std::size_t i = 0; i < got.size(); ++i)
    if (!is_near(got[i], there[i], 2 * wanted.rtol, 2 * wanted.atol)) {
      INFO("element " << i << ": expected " << there[i] << " as there, got " << got[i]);
      REQUIRE(false);
    }
  SUCCEED();
}

}  // namespace

void exchange_results(const std::function<std::vector<std::vector<double>>()>& compute,
                      const std::vector<Wanted>& wanted) {
  static Written written;
  static const char* const other = std::getenv("S4L_COMPARE_RESULTS");
  if (written.path == nullptr && other == nullptr) return;
  const std::string name = next_name();
  const auto results = compute();
  for (std::size_t k = 0; k < results.size(); ++k) {
    const std::string key = name + "." + std::to_string(k);
    if (written.path != nullptr)
      written.file.tensors.emplace_back(key, from_values(results[k], {static_cast<std::int64_t>(results[k].size())}));
    if (other == nullptr) continue;
    static const io::TensorFile file = io::load_tensors(other);
    INFO(key);
    const Tensor* there = file.find(key);
    REQUIRE(there != nullptr);
    check_same(results[k], values_of<double>(*there), wanted[k]);
  }
}

}  // namespace s4l::test
