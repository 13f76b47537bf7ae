#include <catch2/catch.hpp>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include <sys/stat.h>

#include "../core/new_folder.h"
#include "program.h"

using namespace s4l::test;
namespace fs = std::filesystem;

namespace {

/// True while the process has a handler for `signal` (SigCgt of proc(5)).
bool catches(pid_t pid, int signal) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("SigCgt:")) return (std::stoull(line.substr(7), nullptr, 16) >> (signal - 1) & 1) != 0;
  return false;
}

}  // namespace

TEST_CASE("a run that was stopped and resumed ends with the same bytes as one that was not") {
  const NewFolder folder;
  const Words words = tiny_run("rotation", 6) + Words{"--ema-decay", "0.9"};
  REQUIRE(run_s4l(folder.path(), words + Words{"-o", "whole"}).code == 0);
  const Words parts = words + Words{"-o", "parts"};
  const Outcome stopped = run_s4l(folder.path(), parts + Words{"--time", "0.001s"});
  CHECK(stopped.code == 75);
  CHECK(stopped.out.empty());
  CHECK(contains(stopped.err, "stopped at step 1 of 6"));
  CHECK(contains(stopped.err, "s4l run --resume parts"));
  CHECK(run_s4l(folder.path(), parts + Words{"--resume", "--time", "0.001s"}).code == 75);
  REQUIRE(run_s4l(folder.path(), {"run", "--resume", "parts", "--workers", "2", "--threads", "3"}).code == 0);
  CHECK(content(folder / "whole/weights/last.safetensors") == content(folder / "parts/weights/last.safetensors"));
  CHECK(content(folder / "whole/metrics.csv") == content(folder / "parts/metrics.csv"));
}

TEST_CASE("a continued run keeps what decides its result") {
  const NewFolder folder;
  const Words words = tiny_run("supervised", 4) + Words{"--time", "0.001s"};
  REQUIRE(run_s4l(folder.path(), words + Words{"--lr", "0.2"}).code == 75);
  const Outcome outcome = run_s4l(folder.path(), words + Words{"--resume", "--lr", "0.5"});
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.err, "--resume: lr is 0.2 in runs/supervised-20labels-s0, got 0.5"));
  CHECK(run_s4l(folder.path(), words + Words{"--resume"}).code == 75);  // without a path: the newest
}

TEST_CASE("SIGTERM, SIGUSR1 and Ctrl-C finish the step, save, and say how to go on") {
  const NewFolder folder;
  const Words words = tiny_run("supervised", 1000000) + Words{"-o", "long"};
  const auto stop_by = [&](int signal, int expected, const Words& more) {
    Program program(folder.path(), words + more);
    REQUIRE(program.wait_for("/1000000"));
    program.send(signal);
    const Outcome outcome = program.wait();
    INFO(outcome.err);
    CHECK(outcome.code == expected);
    CHECK(outcome.out.empty());
    CHECK(contains(outcome.err, "and saved; to go on: s4l run --resume long"));
    CHECK_FALSE(fs::exists(folder / "long/.lock"));
  };
  stop_by(SIGTERM, 75, {});
  stop_by(SIGUSR1, 75, {"--resume"});
  stop_by(SIGINT, 130, {"--resume"});
}

TEST_CASE("a second process in the same folder is refused; the lock of one that died is free") {
  const NewFolder folder;
  const Words words = tiny_run("supervised", 1000000) + Words{"-o", "long", "--checkpoint-interval", "1", "-v"};
  {
    Program first(folder.path(), words);
    REQUIRE(first.wait_for("2/1000000"));
    const Outcome second = run_s4l(folder.path(), {"run", "--resume", "long"});
    CHECK(second.code == 1);
    CHECK(lines_in(second.err) == 1);
    CHECK(contains(second.err, "in use by process " + std::to_string(first.pid())));
    first.send(SIGKILL);
    CHECK(first.wait().code == -SIGKILL);
  }
  CHECK(fs::exists(folder / "long/.lock"));
  const Outcome after = run_s4l(folder.path(), {"run", "--resume", "long", "--time", "0.001s"});
  INFO(after.err);
  CHECK(after.code == 75);
}

TEST_CASE("a second Ctrl-C ends a run that cannot finish its step") {
  const NewFolder folder;
  REQUIRE(run_s4l(folder.path(), tiny_run("supervised", 4) + Words{"-o", "run", "--time", "0.001s"}).code == 75);
  // A log that nobody reads: the run waits in open() for ever, as it would on a file system that hangs.
  fs::remove(folder / "run/train.log");
  REQUIRE(mkfifo((folder / "run/train.log").c_str(), 0600) == 0);
  Program program(folder.path(), {"run", "--resume", "run"});
  REQUIRE(program.wait_for("labelled of"));
  REQUIRE(catches(program.pid(), SIGINT));
  program.send(SIGINT);
  while (catches(program.pid(), SIGINT)) std::this_thread::yield();  // the first one has arrived
  program.send(SIGINT);
  CHECK(program.wait().code == -SIGINT);
}
