#include "s4l/core/error.h"

#include <catch2/catch.hpp>

#include "s4l/core/device/device.h"
#include "s4l/core/shape.h"

using namespace s4l;

namespace {

Error caught(ErrorKind kind) {
  try {
    fail(kind, "op: expected {}, got {} and {}", Shape{2, 3}, 1.5, "text");
  } catch (const Error& error) {
    return error;
  }
}

}  // namespace

TEST_CASE("fail fills in its values in order and keeps the kind") {
  CHECK(std::string(caught(ErrorKind::io).what()) == "op: expected (2, 3), got 1.5 and text");
  for (ErrorKind kind : {ErrorKind::usage, ErrorKind::data, ErrorKind::io, ErrorKind::numeric})
    CHECK(caught(kind).kind() == kind);
}

TEST_CASE("check throws a usage error, and only where the condition does not hold") {
  CHECK_NOTHROW(check(true, "never"));
  CHECK_THROWS_WITH(check(false, "op: expected {}", 3), "op: expected 3");
}

TEST_CASE("a value that holds braces is not filled in again, and a brace without a value stays") {
  CHECK(fill_in("{} and {}", {"{}", "b"}) == "{} and b");
  CHECK(fill_in("{} {}", {"a"}) == "a {}");
  CHECK(fill_in("{}", {}) == "{}");
}

TEST_CASE("device_from reads the devices there are and names them where it cannot") {
  CHECK(device_from("cpu") == kCpu);
  for (const Device& device : devices()) CHECK(device_from(to_text(device)) == device);
  for (const char* text : {"", "gpu", "CPU", "cpu:0", "cuda:99", "cuda:x"})
    CHECK_THROWS_WITH(device_from(text),
                      Catch::Contains("expected one of cpu") && Catch::Contains("\"" + std::string(text) + "\""));
}
