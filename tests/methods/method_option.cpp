#include "s4l/methods/method_option.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/methods/method.h"

using namespace s4l;
using namespace s4l::methods;

TEST_CASE("a number out of an option's range is refused with the range") {
  const MethodOption weight{.name = "sup-weight", .value = 0.3, .help = "", .high = 1};
  CHECK_NOTHROW(weight.check_value(0));
  CHECK_NOTHROW(weight.check_value(1));
  CHECK_THROWS_WITH(weight.check_value(1.5), "--sup-weight: expected a number, 0 to 1, got 1.5");
  CHECK_THROWS_WITH(weight.check_value(-0.1), Catch::Contains("0 to 1"));
  CHECK_THROWS_WITH(weight.check_value(std::nan("")), Catch::Contains("0 to 1"));
  CHECK_THROWS_WITH(weight.check_value("much"), "--sup-weight: expected a number, 0 to 1, got \"much\"");
  const MethodOption iterations{.name = "vat-iters", .value = 1, .help = "", .low = 1, .whole = true};
  CHECK_THROWS_WITH(iterations.check_value(0.5), "--vat-iters: expected a whole number, 1 or more, got 0.5");
  CHECK_THROWS_WITH(iterations.check_value(1.5), Catch::Contains("whole"));
}

TEST_CASE("a word that a choice does not list is refused with those it lists") {
  const MethodOption direction{.name = "vat-direction", .value = "scaled", .help = "", .words = {"scaled", "literal"}};
  CHECK_NOTHROW(direction.check_value("literal"));
  CHECK_THROWS_WITH(direction.check_value("exact"), "--vat-direction: expected one of scaled, literal, got \"exact\"");
  CHECK_THROWS_WITH(direction.check_value(2), Catch::Contains("scaled, literal"));
}

TEST_CASE("a method is not made with a value out of its range") {
  MethodOptions options;
  options.values = {{"rot-loss-sup", 2}};
  CHECK_THROWS_WITH(make_method("rotation", options), "--rot-loss-sup: expected a whole number, 0 to 1, got 2");
  options.values = {{"rot-weight", -1}};
  CHECK_THROWS_WITH(make_method("rotation", options), Catch::Contains("--rot-weight: expected a number, 0 or more"));
}
