// The executor's acceptance: every planted bug is found by what should find it, and no correct kernel is accused.
#include <sys/wait.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "s4l/core/sanitizer.h"

namespace {

constexpr bool kAddress = S4L_ADDRESS_SANITIZER, kThread = S4L_THREAD_SANITIZER;
#ifdef __clang__
constexpr bool kAlignment = false;  // clang 14 copies a struct from any address without a check
#else
constexpr bool kAlignment = kAddress;
#endif

struct Planted {
  std::string name, found_by, right;
};

struct Outcome {
  int code;
  std::string text;
};

Outcome run(const std::string& arguments) {
  const std::string command = std::string(S4L_BINARY_DIR) + "/bin/planted " + arguments + " 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  char part[4096];
  for (std::size_t n; (n = std::fread(part, 1, sizeof part, pipe)) > 0;) text.append(part, n);
  const int status = ::pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

std::vector<Planted> all_planted() {
  std::istringstream lines(run("").text);
  std::vector<Planted> all;
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find('\t'), second = line.find('\t', first + 1);
    all.push_back({line.substr(0, first), line.substr(first + 1, second - first - 1), line.substr(second + 1) + "\n"});
  }
  return all;
}

/// Natural, reversed, four random schedules and four with priorities: order and seed.
std::vector<std::string> schedules() {
  std::vector<std::string> all = {"0 0", "1 0"};
  for (int seed = 1; seed <= 4; ++seed)
    for (const char* order : {"2 ", "3 "}) all.push_back(order + std::to_string(seed));
  if (kThread) all.resize(4);
  return all;
}

Outcome run(const Planted& bug, const std::string& schedule) { return run("\"" + bug.name + "\" " + schedule); }

bool sanitizer_speaks(const Outcome& outcome) {
  for (const char* words : {"AddressSanitizer", "runtime error", "data race"})
    if (outcome.code != 0 && outcome.text.find(words) != std::string::npos) return true;
  return false;
}

bool found(const Planted& bug) {
  if (bug.found_by == "schedules") {
    std::set<std::string> texts;
    for (const std::string& schedule : schedules()) texts.insert(run(bug, schedule).text);
    return texts.size() > 1;
  }
  const Outcome outcome = run(bug, "0 0");
  if (bug.found_by == "natural") return outcome.code != 0 || outcome.text != bug.right;
  return outcome.code == 3 || sanitizer_speaks(outcome);
}

bool expected_here(const Planted& bug) {
  if (bug.found_by == "natural" || bug.found_by == "schedules" || bug.found_by == "address or red zone")
    return !kThread || bug.found_by == "natural";
  if (bug.found_by == "executor") return true;
  if (bug.found_by == "address") return kAddress;
  if (bug.found_by == "alignment") return kAlignment;
  return bug.found_by == "thread" && kThread;
}

}  // namespace

TEST_CASE("every planted bug is found") {
  int looked_for = 0;
  for (const Planted& bug : all_planted())
    if (expected_here(bug)) {
      INFO(bug.name << ", to be found by " << bug.found_by);
      CHECK(found(bug));
      ++looked_for;
    }
  CHECK(looked_for >= 15);
}

TEST_CASE("no correct kernel is accused, and each gives the same bits under every schedule") {
  int correct = 0;
  for (const Planted& kernel : all_planted())
    if (kernel.found_by == "nothing")
      for (const std::string& schedule : schedules()) {
        const Outcome outcome = run(kernel, schedule);
        INFO(kernel.name << " under " << schedule);
        CHECK(outcome.code == 0);
        CHECK(outcome.text == kernel.right);
        ++correct;
      }
  CHECK(correct >= 40);
}

TEST_CASE("an error names the kernel, the block, the threads and the lines") {
  const auto text = [](const std::string& name) { return run("\"" + name + "\" 0 0").text; };
  if (kThread) return;
  const std::string skipped = text("barrier skipped by some");
  CHECK(skipped.find("kernel kernel, block (0,0,0): ") == 0);
  CHECK(skipped.find("thread (5,0,0)") == std::string::npos);
  CHECK(skipped.find("at block.cpp:") != std::string::npos);
  CHECK(text("shuffle in a partial warp").find("reads lane") != std::string::npos);
}
