#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "../core/new_folder.h"
#include "program.h"
#include "s4l/data/things/shapes.h"
#include "s4l/data/write_png.h"

using namespace s4l;
using namespace s4l::test;

namespace {

std::string line_of(const std::string& text, const std::string& key) {
  const std::size_t start = text.find("\n" + key + " = ");
  return start == std::string::npos ? "" : text.substr(start + 1, text.find('\n', start + 1) - start - 1);
}

void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

}  // namespace

TEST_CASE("a dry run prints the resolved settings and writes nothing") {
  const NewFolder folder;
  const Outcome outcome = run_s4l(folder.path(), tiny_run("rotation", 3) + Words{"--dry-run"});
  CHECK(outcome.code == 0);
  CHECK(line_of(outcome.out, "steps") == "steps = 3");
  CHECK(contains(outcome.err, "20 -> 20 labelled of 60 pictures, 2 per class"));
  CHECK(contains(outcome.err, "4 + 8 pictures x 4"));
  CHECK(folder.names() == std::vector<std::string>{".stdout"});
}

TEST_CASE("a run says the pictures that the network sees in a step, and in how many views") {
  const NewFolder folder;
  const auto told = [&](const std::string& method) {
    return run_s4l(folder.path(), tiny_run(method, 1) + Words{"--uratio", "1", "--dry-run"}).err;
  };
  CHECK(contains(told("supervised"), " of 4 pictures;"));
  CHECK(contains(told("rotation-pretrain"), " of 4 pictures x 4;"));  // no class loss, so no labelled ones
  CHECK(contains(told("fixmatch"), " of 4 pictures + 4 x 2;"));
  const std::string moam = told("moam"), last = moam.substr(moam.find("stage 3 of 3"));
  CHECK(contains(moam, " of 4 + 4 pictures x 4;"));
  CHECK(contains(last, " of 4 pictures x 4;"));
}

TEST_CASE("default, recipe, file, environment and command line are asked in this order") {
  const NewFolder folder;
  write(folder / "my.toml", "lr = 0.2\nwarmup_steps = 7\nmomentum = 0.5\n[dataset-options]\ntrain = 60\ntest = 40\n");
  const Outcome outcome = run_s4l(
      folder.path(), {"run", "rotation", "--num-labels", "20", "--config", "my.toml", "--lr0", "0.4", "--dry-run"},
      {{{"S4L_LR", "0.3"}, {"S4L_MOMENTUM", "0.6"}}, {}, {}});
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(line_of(outcome.out, "lr") == "lr = 0.4");                    // command line, by an alias
  CHECK(line_of(outcome.out, "momentum") == "momentum = 0.6");        // environment over file
  CHECK(line_of(outcome.out, "warmup-steps") == "warmup-steps = 7");  // file over recipe, with _
  CHECK(line_of(outcome.out, "rot-weight") == "rot-weight = 4");      // recipe over the method's default
  CHECK(line_of(outcome.out, "prefetch") == "prefetch = 4");          // default
  CHECK(line_of(outcome.out, "labels") == "labels = \"20n\"");
  CHECK(contains(outcome.out, "[dataset-options]\n\"test\" = \"40\"\n\"train\" = \"60\""));
}

TEST_CASE("the user's own configuration counts more than a recipe and less than a file, and not for a resumed run") {
  const NewFolder folder;
  std::filesystem::create_directories(folder / "home/s4l");
  write(folder / "home/s4l/config.toml", "lr = 0.2\nmomentum = 0.5\n");
  write(folder / "my.toml", "momentum = 0.6\n");
  const Surroundings at_home{{{"XDG_CONFIG_HOME", folder / "home"}}, {}, {}};
  const Words words{"config", "rotation", "--config", "my.toml"};
  const std::string text = run_s4l(folder.path(), words, at_home).out;
  CHECK(contains(text, "lr = 0.2 "));
  CHECK(contains(text, "# " + folder / "home/s4l/config.toml:1"));
  CHECK(contains(text, "momentum = 0.6 "));
  write(folder / "home/s4l/config.toml", "learning-speed = 0.2\n");
  const Outcome wrong = run_s4l(folder.path(), words, at_home);
  CHECK(wrong.code == 2);
  CHECK(contains(wrong.err, "home/s4l/config.toml:1: unknown key \"learning-speed\""));
  REQUIRE(run_s4l(folder.path(), tiny_run("supervised", 2) + Words{"-o", "run"}).code == 0);
  CHECK(run_s4l(folder.path(), {"run", "--resume", "run"}, at_home).code == 0);
}

TEST_CASE("pictures that are named after a file take the place of the built-in data set that the file has") {
  const NewFolder folder;
  write(folder / "my.toml", run_s4l(folder.path(), {"config", "rotation"}).out);
  std::filesystem::create_directories(folder / "pictures/a");
  const Outcome taken = run_s4l(folder.path(), {"config", "--config", "my.toml", "--data", "pictures"});
  INFO(taken.err);
  REQUIRE(taken.code == 0);
  CHECK(contains(taken.out, "dataset = \"image-folder\""));
  CHECK(contains(taken.out, "augment = \"pad_crop(2)|flip_lr|-1_to_1\""));  // all else is the file's
  write(folder / "other.toml", "dataset = \"cifar10\"\n");
  CHECK(contains(run_s4l(folder.path(), {"config", "--config", "other.toml", "--data", "pictures"}).out,
                 "dataset = \"cifar10\""));
  const Words both{"run", "--config", "my.toml", "--data", "pictures", "--dataset", "things", "--dry-run"};
  CHECK(contains(run_s4l(folder.path(), both).err, "without --dataset things it is read"));
}

TEST_CASE("a later way to say the number of labels or steps takes the place of an earlier one") {
  const NewFolder folder;
  write(folder / "my.toml", "labels-per-class = 3\nepochs = 2\n");
  const Outcome outcome = run_s4l(folder.path(), tiny_run("supervised", 5) + Words{"--config", "my.toml", "--dry-run"});
  REQUIRE(outcome.code == 0);
  CHECK(line_of(outcome.out, "labels") == "labels = \"20n\"");
  CHECK(line_of(outcome.out, "steps") == "steps = 5");
  CHECK(line_of(outcome.out, "labels-per-class").empty());
  CHECK(line_of(outcome.out, "epochs").empty());
}

TEST_CASE("exact preprocessing goes into both pipelines and into the weights file") {
  const NewFolder folder;
  const Outcome run = run_s4l(folder.path(), tiny_run("rotation", 2) + Words{"--exact-preprocessing", "-o", "run"});
  INFO(run.err);
  REQUIRE(run.code == 0);
  const std::string config = content(folder / "run/config.toml");
  CHECK(contains(line_of(config, "augment"), "\"exact|"));
  CHECK(contains(line_of(config, "preprocess-eval"), "\"exact|"));
  CHECK(line_of(config, "exact-preprocessing") == "exact-preprocessing = true");
  CHECK(contains(content(folder / "run/weights/last.safetensors"), "exact|"));
  CHECK(run_s4l(folder.path(), {"run", "--resume", "run"}).code == 0);
  CHECK(run_s4l(folder.path(), {"eval", "run"}).code == 0);
}

TEST_CASE("a warm-up of most of the run is told") {
  const NewFolder folder;
  const Words words = tiny_run("rotation", 40) + Words{"--dry-run", "--warmup-steps"};
  CHECK(contains(run_s4l(folder.path(), words + Words{"30"}).err, "rises during 30 of the 40 steps (--warmup-steps)"));
  CHECK_FALSE(contains(run_s4l(folder.path(), words + Words{"10"}).err, "rises"));
}

TEST_CASE("an error in a file or the environment names the place") {
  const NewFolder folder;
  const auto check = [&](const std::string& toml, const std::string& expected) {
    write(folder / "my.toml", toml);
    const Outcome outcome = run_s4l(folder.path(), {"run", "rotation", "--config", "my.toml"});
    INFO(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(lines_in(outcome.err) == 1);
    CHECK(contains(outcome.err, expected));
  };
  check("lr = 0.1\nbatchsize = 8\n", "my.toml:2: unknown key \"batchsize\"; did you mean batch-size?");
  check("lr = \"much\"\n", "my.toml:1: lr: expected a number, got \"much\"");
  check("lr = [1, 2]\n", "my.toml:1: lr: expected a text, a number, true or false");
  check("\nlr = = 1\n", "my.toml:2: ");
  check("labels = 10\nnum-labels = 20\n", "contradict");
  const Outcome outcome = run_s4l(folder.path(), {"run", "rotation"}, {{{"S4L_STEPS", "many"}}, {}, {}});
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.err, "S4L_STEPS: expected a whole number"));
}

TEST_CASE("folders without labels and a file of labels are resolved, written and read again") {
  const NewFolder folder;
  const std::string photos = folder.path() + "/photos, \"mine\"";
  std::filesystem::create_directories(photos);
  for (const char* name : {"/1.png", "/2.png"}) {
    data::Image image(24, 24);  // as the network sees the others
    image.pixels[0] = static_cast<std::uint8_t>(name[1]);
    data::write_png(photos + name, image);
  }
  std::string labels;
  for (int i = 0; i < 20; ++i)
    labels += "train/" + std::string(data::things::kThing[i % 10].name) + (i < 10 ? "/000" : "/001") +
              char('0' + i % 10) + "\n";
  write(folder.path() + "/labels.txt", labels);
  const Words line{"run",           "rotation", "--steps",       "3",       "--batch-size", "4",
                   "--data-option", "train=60", "--data-option", "test=40", "--dry-run"};
  const Outcome first = run_s4l(folder.path(), line + Words{"--unlabeled", photos, "--unlabeled", photos,
                                                            "--labels-file", "labels.txt", "--sampler", "balanced"});
  INFO(first.err);
  CHECK(first.code == 0);
  CHECK(contains(first.err, "labels.txt -> 20 labelled of 64 pictures, 2 per class"));
  CHECK(line_of(first.out, "labels").empty());
  CHECK(line_of(first.out, "sampler") == "sampler = \"balanced\"");
  write(folder.path() + "/again.toml", first.out);
  CHECK(run_s4l(folder.path(), {"run", "--config", "again.toml", "--dry-run"}).out == first.out);
  CHECK(line_of(run_s4l(folder.path(), {"run", "--config", "again.toml", "--dry-run", "--labels", "50"}).out,
                "labels") == "labels = \"50\"");
}
