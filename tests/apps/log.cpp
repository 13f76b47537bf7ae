#include <catch2/catch.hpp>
#include <sstream>

#include "../core/new_folder.h"
#include "program.h"
#include "s4l/core/io/json.h"

using namespace s4l::test;
using s4l::io::Json;

namespace {

std::vector<Json> objects_in(const std::string& text) {
  std::vector<Json> objects;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    objects.push_back(s4l::io::parse_json(line));
    CHECK(objects.back().at("time").string().size() == 24);  // 2026-01-02T03:04:05.678Z
    CHECK_FALSE(objects.back().at("level").string().empty());
  }
  return objects;
}

}  // namespace

TEST_CASE("with --log-format json every line on stderr and in train.log is an object") {
  const NewFolder folder;
  const Outcome outcome = run_s4l(folder.path(), tiny_run("rotation", 3) + Words{"-o", "run", "--log-format", "json"});
  REQUIRE(outcome.code == 0);
  int rows = 0;
  for (const Json& line : objects_in(outcome.err)) {
    if (line.find("step") == nullptr) continue;
    CHECK(line.at("step").integer() == ++rows);
    CHECK(line.at("steps").integer() == 3);
    CHECK(line.at("train/rot_acc").is_number());
  }
  CHECK(rows == 3);
  CHECK(objects_in(content(folder / "run/train.log")).size() > 3);
  CHECK(contains(outcome.out, "95 % interval"));  // the result on stdout stays what it is
}

TEST_CASE("S4L_LOG sets the format, the option has the last word, and an error is a line like the others") {
  const NewFolder folder;
  const Surroundings json{{{"S4L_LOG", "json"}}, {}, {}};
  const auto lines = objects_in(run_s4l(folder.path(), {"run", "rotation", "--num-labels", "3"}, json).err);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].at("level").string() == "error");
  CHECK(contains(lines[0].at("message").string(), "labels: expected at least 10"));
  const Outcome text = run_s4l(folder.path(), tiny_run("supervised", 1) + Words{"--log-format", "text"}, json);
  CHECK(contains(text.err, "20 labelled of"));
  CHECK_FALSE(contains(text.err, "{"));
  const Outcome wrong = run_s4l(folder.path(), {"run", "rotation"}, {{{"S4L_LOG", "loud"}}, {}, {}});
  CHECK(wrong.code == 2);
  CHECK(contains(wrong.err, "S4L_LOG: expected text or json, got \"loud\""));
}

TEST_CASE("verbose tells every figure of every interval, quiet nothing") {
  const NewFolder folder;
  const Words words = tiny_run("supervised", 100) + Words{"--width", "0.125", "--batch-size", "2"};
  const std::string normal = run_s4l(folder.path(), words).err;
  const std::string verbose = run_s4l(folder.path(), words + Words{"-v"}).err;
  CHECK(lines_in(verbose) >= 100);
  CHECK(lines_in(normal) < lines_in(verbose));
  CHECK(contains(verbose, "train/loss="));
  CHECK_FALSE(contains(normal, "train/loss="));
}
