// tests/on_gpu.sh on a machine whose nvidia-smi, compute-sanitizer and test programs do as they are told.
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "s4l/core/io/file.h"
#include "s4l/core/io/json.h"
#include "s4l/tests/core/new_folder.h"

using namespace s4l;
namespace fs = std::filesystem;

namespace {

class Machine {
 public:
  Machine() {
    program("tools/nvidia-smi", "echo 'fake GPU'");
    program("build/bin/s4l", "echo 'devices  cpu, cuda:0 (fake GPU, sm_90)'");
    for (const char* name : {"core", "kernels", "ops", "nn", "methods", "memory", "apps", "plans"})
      program(std::string("build/bin/test_") + name, "exit 0");
  }

  void program(const std::string& path, const std::string& commands) const {
    fs::create_directories(fs::path(folder_ / path).parent_path());
    io::save_atomically(folder_ / path, "#!/bin/sh\n" + commands + "\n");
    fs::permissions(folder_ / path, fs::perms::owner_all);
  }

  /// Exit status of the script with these variables and further arguments; `out` and `err` are what it said.
  int run(const std::string& variables, const std::string& arguments = "") {
    const std::string surroundings = "PATH=tools:/usr/bin:/bin CUDA_HOME=. " + variables;  // no toolkit of this machine
    const std::string script = " " S4L_SOURCE_DIR "/tests/on_gpu.sh build " + arguments;
    const int status = std::system(
        ("cd " + folder_.path() + " && env -u STEPS -u STEP_SECONDS " + surroundings + script + " >out 2>err").c_str());
    out = text("out");
    err = text("err");
    return WEXITSTATUS(status);
  }

  std::string text(const std::string& path) const { return io::read_file(folder_ / path); }

  std::string out, err;

 private:
  test::NewFolder folder_;
};

/// "name=value" of each element of the JSON's list, with commas.
std::string listed(const std::string& json, const std::string& list, const std::string& key) {
  std::string text;
  const io::Json whole = io::parse_json(json);
  for (const io::Json& each : whole.at(list).array()) {
    const io::Json& value = each.at(key);
    text += (text.empty() ? "" : ", ") + each.at("name").string() + "=" +
            (value.is_string() ? value.string() : std::to_string(value.integer()));
  }
  return text;
}

}  // namespace

TEST_CASE("on_gpu.sh refuses to run nothing, or what it does not know") {
  Machine machine;
  CHECK(machine.run("STEPS='kernals memchek'") == 2);
  CHECK_THAT(machine.err, Catch::Contains("core kernels ops") && Catch::EndsWith("got kernals\n"));
  CHECK(machine.run("STEPS=' '") == 2);
  CHECK(machine.run("STEPS=against_emulated") == 2);
  CHECK_THAT(machine.err, Catch::Contains("no EMULATED_RESULTS"));
  CHECK(machine.run("STEPS='core memcheck'") == 2);
  CHECK_THAT(machine.err, Catch::Contains("no compute-sanitizer"));
  CHECK(machine.run("", "nowhere.results") == 2);
  CHECK_THAT(machine.err, Catch::Contains("nowhere.results"));
  CHECK(machine.out.empty());
}

TEST_CASE("on_gpu.sh refuses a build that finds no GPU") {
  Machine machine;
  machine.program("build/bin/s4l", "echo 'devices  cpu; no GPU: the driver is too old'");
  CHECK(machine.run("STEPS=ops") == 2);
  CHECK_THAT(machine.err, Catch::Contains("the driver is too old"));
  machine.program("build/bin/s4l", "echo 'devices  cpu, cuda:0 (played by the CPU)'");
  CHECK(machine.run("STEPS=ops") == 2);
  machine.program("tools/nvidia-smi", "echo 'no driver'; exit 9");
  CHECK(machine.run("STEPS=ops") == 2);
  CHECK_THAT(machine.err, Catch::Contains("no driver"));
}

TEST_CASE("on_gpu.sh writes what ran, and what did not and why") {
  Machine machine;
  CHECK(machine.run("") == 0);
  CHECK(listed(machine.out, "steps", "status") ==
        "core=0, kernels=0, ops=0, nn=0, methods=0, memory=0, apps=0, plans=0");
  CHECK(listed(machine.out, "skipped", "reason") ==
        "against_emulated=there are no EMULATED_RESULTS, memcheck=there is no compute-sanitizer, "
        "racecheck=there is no compute-sanitizer, synccheck=there is no compute-sanitizer, "
        "initcheck=there is no compute-sanitizer");
  CHECK(machine.text("build/on_gpu/on_gpu.json") == machine.out);

  machine.program("tools/compute-sanitizer", "[ $S4L_MEMORY_POOL = 0 ] && echo \"$*\"");
  machine.program("build/bin/test_kernels", "[ \"$S4L_COMPARE_RESULTS\" = results ]");
  machine.program("results", "");
  CHECK(machine.run("STEPS='against_emulated initcheck'", "results") == 0);
  CHECK(listed(machine.out, "steps", "status") == "against_emulated=0, initcheck=0");
  CHECK_THAT(machine.text("build/on_gpu/initcheck.log"),
             Catch::Contains("--tool initcheck build/bin/test_kernels --unf"));
  CHECK_THAT(listed(machine.out, "skipped", "reason"), Catch::StartsWith("core=not among STEPS, kernels="));
}

TEST_CASE("on_gpu.sh fails with a step, ends one that hangs, and has the steps before it in a file by then") {
  Machine machine;
  machine.program("build/bin/test_core", "echo 'one is wrong'; exit 3");
  machine.program("build/bin/test_ops", "cp build/on_gpu/on_gpu.json seen; exec tail -f /dev/null");
  CHECK(machine.run("STEP_SECONDS=0.3 STEPS='core ops nn'") == 1);
  CHECK_THAT(machine.err, Catch::Contains("one is wrong"));
  CHECK(listed(machine.out, "steps", "status") == "core=3, ops=124, nn=0");
  CHECK(listed(machine.text("seen"), "steps", "status") == "core=3");
  CHECK_THAT(listed(machine.text("seen"), "skipped", "reason"), Catch::Contains("ops=not reached, nn=not reached"));
}
