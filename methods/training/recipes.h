#pragma once
#include <string>
#include <vector>

namespace s4l::methods {

/// A preset compiled into the program: methods/recipes/<dataset>/<name>.toml.
struct Recipe {
  std::string name;  ///< "things/rotation"
  std::string text;  ///< its TOML
};

/// Every recipe of this build, sorted by name.
const std::vector<Recipe>& recipes();
/// The recipe called `name` ("things/rotation"), or null.
const Recipe* find_recipe(const std::string& name);

}  // namespace s4l::methods
