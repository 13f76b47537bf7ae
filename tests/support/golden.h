#pragma once
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "s4l/core/shape.h"

namespace s4l::test {

/// A tensor that a script of tests/golden/ computed with PyTorch: a row of its .inc file.
struct Golden {
  const char* case_name;
  std::string name;
  Shape shape;
  std::vector<double> values;
};

/// The row `name` of a case; a test without it fails.
inline const Golden& find_golden(const std::vector<Golden>& all, const std::string& case_name,
                                 const std::string& name) {
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Golden& g) { return g.case_name == case_name && g.name == name; });
  INFO(case_name << " " << name);
  REQUIRE(found != all.end());
  return *found;
}

}  // namespace s4l::test
