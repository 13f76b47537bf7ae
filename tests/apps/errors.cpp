#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "../core/new_folder.h"
#include "program.h"
#include "s4l/data/write_png.h"

using namespace s4l::test;
namespace fs = std::filesystem;

namespace {

void add_picture(const std::string& path) {
  fs::create_directories(fs::path(path).parent_path());
  s4l::data::write_png(path, s4l::data::Image(8, 8));
}

void check_fails(const NewFolder& folder, const Words& words, const std::string& expected) {
  const Outcome outcome = run_s4l(folder.path(), words);
  INFO(outcome.err);
  CHECK((outcome.code == 1 || outcome.code == 2));
  CHECK(outcome.out.empty());
  CHECK(lines_in(outcome.err) == 1);
  CHECK(contains(outcome.err, expected));
  CHECK_FALSE(fs::exists(folder / "runs"));  // nothing was begun
}

}  // namespace

TEST_CASE("data that cannot be learned from is one line on stderr, and no folder is made") {
  const NewFolder folder;
  const Words words = {"run", "rotation", "--steps", "1", "--labels", "100", "--data"};
  check_fails(folder, words + Words{"nowhere"}, "nowhere");
  fs::create_directory(folder / "empty");
  check_fails(folder, words + Words{"empty"}, "empty");
  add_picture(folder / "one/cat/1.png");
  check_fails(folder, words + Words{"one"}, "at least 2 classes");
  add_picture(folder / "two/cat/1.png");
  fs::create_directory(folder / "two/dog");
  check_fails(folder, words + Words{"two"}, "dog");
  check_fails(folder, {"run", "rotation", "--dataset", "image-folder"}, "got no path");
  check_fails(folder, {"run", "rotation", "--num-labels", "3"}, "labels: expected at least 10");
  check_fails(folder, {"run", "rotation", "--lr", "-1"}, "--lr: expected 0 or more");
  check_fails(folder, {"run", "rotation", "--device", "cuda:7"}, "cuda");
}

TEST_CASE("a folder that is not there is wrong usage, one without pictures a failure") {
  const NewFolder folder;
  fs::create_directory(folder / "empty");
  for (const char* dataset : {"image-folder", "cifar10"}) {
    INFO(dataset);
    const Words words = {"run", "rotation", "--dataset", dataset, "--data"};
    CHECK(run_s4l(folder.path(), words + Words{"nowhere"}).code == 2);
    CHECK(run_s4l(folder.path(), words + Words{"empty"}).code == 1);
  }
}

TEST_CASE("a full disk is named with the file, and is a failure in the end") {
  const NewFolder folder;
  fs::create_directory(folder / "disk");
  const Outcome outcome =
      run_s4l(folder.path(), tiny_run("supervised", 6) + Words{"-o", "disk/run", "--log-interval", "1"},
              {{}, {}, folder / "disk"});
  if (outcome.code == Program::kNotAllowed) {
    WARN("SKIPPED: this machine does not let a test mount a file system");
    return;
  }
  INFO(outcome.err);
  CHECK(outcome.code == 1);
  CHECK(contains(outcome.err, "warning: checkpoint not saved: disk/run/checkpoints/"));
  CHECK(contains(outcome.err, "No space left on device"));
  CHECK(contains(outcome.err, "6/6"));  // training went on to its end
  CHECK(contains(outcome.err, "error: disk/run/weights/last.safetensors"));
}
