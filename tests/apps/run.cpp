#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "../core/new_folder.h"
#include "program.h"
#include "s4l/core/io/json.h"

using namespace s4l::test;
namespace fs = std::filesystem;

TEST_CASE("a run writes its folder, the result alone to stdout, and eval repeats the test") {
  const NewFolder folder;
  const Outcome run = run_s4l(folder.path(), tiny_run("rotation", 3) + Words{"--json"});
  INFO(run.err);
  REQUIRE(run.code == 0);
  const auto result = s4l::io::parse_json(run.out);
  CHECK(result.at("steps").integer() == 3);
  CHECK(result.at("labelled").integer() == 20);
  CHECK(result.at("test").at("unrotated").at("pictures").integer() == 40);
  const std::string place = folder / result.at("folder").string();
  for (const char* name : {"config.toml", "environment.json", "split.csv", "train.log", "metrics.csv", "metrics.jsonl",
                           "checkpoints", "weights/last.safetensors", "eval/summary.json", "samples/labelled.png"}) {
    INFO(name);
    CHECK(fs::exists(fs::path(place) / name));
  }
  CHECK_FALSE(fs::exists(place + "/.lock"));
  CHECK(contains(run.err, "rot "));  // the rotation accuracy is in the line to look at
  CHECK(contains(content(place + "/train.log"), "epoch "));
  const auto environment = s4l::io::parse_json(content(place + "/environment.json"));
  CHECK(environment.at("split").string() == result.at("split").string());
  CHECK(contains(environment.at("command_line").string(), "--num-labels 20"));
  for (const char* fact :
       {"version", "git", "compiler", "build", "processor", "memory", "threads", "devices", "started"})
    CHECK_FALSE(environment.at(fact).string().empty());
  const std::string report = content(place + "/report.html");
  CHECK(contains(report, environment.at("processor").string()));
  CHECK(contains(report, "<h2>Settings</h2>"));

  const Outcome eval = run_s4l(folder.path(), {"eval", result.at("folder").string(), "--json"});
  INFO(eval.err);
  REQUIRE(eval.code == 0);
  const auto again = s4l::io::parse_json(eval.out);
  CHECK(again.at("unrotated").dump() == result.at("test").at("unrotated").dump());
  CHECK(again.at("rot_avg").dump() == result.at("test").at("rot_avg").dump());

  const Outcome missed = run_s4l(folder.path(), {"val", result.at("folder").string(), "--min-acc", "100"});
  CHECK(missed.code == 3);
  CHECK(contains(missed.out, "unrotated"));
  CHECK(contains(missed.err, "is below --min-acc 100"));
}

TEST_CASE("the summary is one table with intervals and the place of the files; quiet leaves stderr empty") {
  const NewFolder folder;
  const Outcome outcome = run_s4l(folder.path(), tiny_run("supervised", 2) + Words{"-q", "-o", "out"});
  CHECK(outcome.code == 0);
  CHECK(outcome.err.empty());
  CHECK(contains(outcome.out, "95 % interval"));
  CHECK(contains(outcome.out, "worst classes"));
  CHECK(contains(outcome.out, "out: weights/last.safetensors"));
}

TEST_CASE("the default folder is numbered, an explicit one that exists is refused, --overwrite replaces a run") {
  const NewFolder folder;
  const Words words = tiny_run("supervised", 1);
  CHECK(run_s4l(folder.path(), words).code == 0);
  CHECK(run_s4l(folder.path(), words).code == 0);
  CHECK(fs::exists(folder / "runs/supervised-20labels-s0/weights/last.safetensors"));
  CHECK(fs::exists(folder / "runs/supervised-20labels-s0-2/weights/last.safetensors"));

  const Words explicit_one = words + Words{"--save_dir", "runs/supervised-20labels-s0"};
  const Outcome refused = run_s4l(folder.path(), explicit_one);
  CHECK(refused.code == 2);
  CHECK(lines_in(refused.err) == 1);
  CHECK(contains(refused.err, "exists already"));
  const Outcome replaced = run_s4l(folder.path(), explicit_one + Words{"--exist-ok", "--seed", "3"});
  CHECK(replaced.code == 0);
  CHECK(contains(content(folder / "runs/supervised-20labels-s0/config.toml"), "seed = 3"));

  fs::create_directory(folder / "mine");
  std::ofstream(folder / "mine/letter.txt") << "dear";
  const Outcome foreign = run_s4l(folder.path(), words + Words{"-o", "mine", "--overwrite"});
  CHECK(foreign.code == 2);
  CHECK(contains(foreign.err, "holds other files"));
  CHECK(content(folder / "mine/letter.txt") == "dear");
}

TEST_CASE("--name names the folder below runs, numbered, and --resume finds it") {
  const NewFolder folder;
  const Words words = tiny_run("supervised", 3) + Words{"--name", "mine"};
  CHECK(run_s4l(folder.path(), words).code == 0);
  CHECK(run_s4l(folder.path(), words + Words{"--time", "0.001s"}).code == 75);
  CHECK(fs::exists(folder / "runs/mine/weights/last.safetensors"));
  CHECK_FALSE(fs::exists(folder / "runs/mine-2/weights/last.safetensors"));
  CHECK(run_s4l(folder.path(), words + Words{"--resume"}).code == 0);
  CHECK(fs::exists(folder / "runs/mine-2/weights/last.safetensors"));
}

TEST_CASE("--overwrite leaves nothing of the run before") {
  const NewFolder folder;
  const Words words = tiny_run("supervised", 1) + Words{"-o", "run"};
  CHECK(run_s4l(folder.path(), words).code == 0);
  std::set<std::string> before;
  for (const auto& entry : fs::directory_iterator(folder / "run")) before.insert(entry.path().filename());
  CHECK(before.count("report.html") == 1);
  CHECK(run_s4l(folder.path(), words + Words{"--overwrite", "--time", "0.001s"}).code == 0);
  int events = 0;
  for (const auto& entry : fs::directory_iterator(folder / "run"))
    events += entry.path().filename().string().starts_with("events.out.tfevents.");
  CHECK(events == 1);
}

TEST_CASE("config.toml repeats the run with the same numbers") {
  const NewFolder folder;
  const Words words = tiny_run("rotation", 3) + Words{"--seed", "5", "--rot-weight", "2.5", "-o", "first"};
  REQUIRE(run_s4l(folder.path(), words).code == 0);
  REQUIRE(run_s4l(folder.path(), {"run", "--config", "first/config.toml", "-o", "second"}).code == 0);
  CHECK(content(folder / "first/config.toml") == content(folder / "second/config.toml"));
  CHECK(content(folder / "first/metrics.csv") == content(folder / "second/metrics.csv"));
  CHECK(content(folder / "first/weights/last.safetensors") == content(folder / "second/weights/last.safetensors"));
  CHECK(lines_in(content(folder / "first/metrics.csv")) == 5);
}

TEST_CASE("a run goes on and keeps its result where nobody reads what it says") {
  const NewFolder folder;
  std::string command = "cd " + folder.path() + " && " + S4L_BINARY_DIR "/bin/s4l";
  for (const std::string& word : tiny_run("supervised", 3) + Words{"-o", "kept"}) command += " " + word;
  CHECK(std::system((command + " >/dev/null 2>/dev/full").c_str()) == 0);
  CHECK(std::filesystem::exists(folder / "kept/weights/last.safetensors"));
}
