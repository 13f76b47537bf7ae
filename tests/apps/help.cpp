#include <catch2/catch.hpp>

#include "../core/new_folder.h"
#include "program.h"
#include "s4l/core/io/json.h"

using namespace s4l::test;

TEST_CASE("without arguments the program shows three examples and succeeds") {
  const NewFolder folder;
  const Outcome outcome = run_s4l(folder.path(), {});
  CHECK(outcome.code == 0);
  CHECK(outcome.err.empty());
  CHECK(contains(outcome.out, "s4l run rotation --labels 10"));
  CHECK(contains(outcome.out, "--data PATH"));
  CHECK(contains(outcome.out, "s4l eval runs/"));
}

TEST_CASE("every command's help ends with examples, common options first, aliases hidden") {
  const NewFolder folder;
  for (const char* command :
       {"run", "eval", "predict", "embed", "split", "config", "list", "info", "completion", "man"}) {
    const Outcome outcome = run_s4l(folder.path(), {command, "--help"});
    INFO(command);
    CHECK(outcome.code == 0);
    CHECK(contains(outcome.out.substr(outcome.out.find("Examples:")), std::string("s4l ") + command));
  }
  const std::string help = run_s4l(folder.path(), {"train", "-h"}).out;
  CHECK(help.find("--labels ") < help.find("--weight-decay "));
  CHECK(contains(help, "--rot-weight X"));
  CHECK_FALSE(contains(help, "--imgsz"));
}

TEST_CASE("what is unknown is met with exit 2, one line and the nearest name") {
  const NewFolder folder;
  const auto check = [&](const Words& words, const std::string& expected) {
    const Outcome outcome = run_s4l(folder.path(), words);
    INFO(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    CHECK(lines_in(outcome.err) == 1);
    CHECK(contains(outcome.err, expected));
  };
  check({"rnu", "rotation"}, "unknown command \"rnu\"; did you mean run?");
  check({"run", "rotatoin"}, "unknown method \"rotatoin\"; did you mean rotation?");
  check({"run", "rotation", "--lables", "10"}, "unknown option --lables; did you mean --labels?");
  check({"run", "rotation", "--model", "resnet-smal"}, "did you mean resnet-small?");
  check({"run", "rotation", "--dataset", "thing"}, "did you mean things?");
  check({"run", "rotation", "--recipe", "things/rotatio"}, "did you mean things/rotation?");
  check({"run", "rotation", "-z"}, "unexpected option \"-z\"");
  check({"run", "rotation", "supervised"}, "unexpected argument \"supervised\"");
  check({"run", "rotation", "lr0=0.1"}, "did you mean --lr 0.1?");
  check({"run", "batch_size=8"}, "did you mean --batch-size 8?");
  check({"run", "rotation", "--lr"}, "--lr");
  check({"run", "rotation", "--lr", "fast"}, "--lr: expected a number, got \"fast\"");
  check({"run", "rotation", "--steps", "1.5"}, "--steps: expected a whole number");
  check({"run", "rotation", "--steps", "5", "--epochs", "1"}, "--steps and --epochs contradict each other");
  check({"run", "supervised", "--rot-weight", "2"}, "--rot-weight: an option of the method rotation");
  check({"run", "rotation", "--data-option", "train"}, "expected KEY=VALUE");
  check({"run", "rotation", "--json=foo"}, "--json: expected no value, got \"foo\"");
  check({"run", "rotation", "--nesterov=2"}, "--nesterov: expected no value, got \"2\"");
  check({"run", "rotation", "-q", "-v"}, "--quiet and --verbose contradict each other");
  check({"run", "rotation", "--name", "a/b"}, "--name: expected a name without folders, got \"a/b\"");
  check({"run", "rotation", "--name", "a", "-o", "b"}, "--name and --output contradict each other");
  check({"run", "rotation", "--log-format", "xml"}, "--log-format: expected text or json, got \"xml\"");
  check({"run", "rotation", "--clip-grad", "-1"}, "--clip-grad: expected 0 (no clipping) or more, got -1");
  check({"run", "rotation", "--patience", "2"}, "--patience: expected validation pictures");
  check({"run", "rotation", "--rot-loss-sup", "2"}, "--rot-loss-sup: expected a whole number, 0 to 1, got 2");
  check({"run", "rotation", "--time", "5"}, "expected a time such as 90s");
  check({"run", "rotation", "--resume"}, "there is no runs/rotation-10pct-s0");
  check({"list", "modles"}, "did you mean models?");
  check({"eval", "runs/none"}, "no such file or folder");
}

TEST_CASE("list and info tell what this build has, as text and as JSON") {
  const NewFolder folder;
  CHECK(contains(run_s4l(folder.path(), {"list", "methods"}).out, "rotation"));
  CHECK(contains(run_s4l(folder.path(), {"list", "datasets"}).out, "things"));
  CHECK(contains(run_s4l(folder.path(), {"list", "recipes"}).out, "things/rotation"));
  const std::string all = run_s4l(folder.path(), {"list"}).out;
  for (const char* part : {"methods:\n", "rotation ", "models:\n", "datasets:\n", "recipes:\n"})
    CHECK(contains(all, part));
  const auto json = s4l::io::parse_json(run_s4l(folder.path(), {"list", "--json"}).out);
  CHECK(json.at("methods").array().size() >= 7);
  CHECK(contains(run_s4l(folder.path(), {"info"}, {{{"S4L_NUM_THREADS", "3"}}, {}, {}}).out, "3 of "));
  CHECK_FALSE(contains(run_s4l(folder.path(), {"info", "--json=false"}).out, "{"));
  const auto models = s4l::io::parse_json(run_s4l(folder.path(), {"list", "models", "--json"}).out);
  CHECK(models.array().size() >= 5);
  const auto info = s4l::io::parse_json(run_s4l(folder.path(), {"info", "--json"}).out);
  CHECK(contains(info.at("devices").string(), "cpu"));
}

TEST_CASE("a result that cannot be written to stdout is a failure") {
  const NewFolder folder;
  const Outcome outcome = run_s4l(folder.path(), {"info"}, {{}, "/dev/full", {}});
  CHECK(outcome.code == 1);
  CHECK(contains(outcome.err, "stdout"));
}
