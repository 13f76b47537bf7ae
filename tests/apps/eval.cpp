// s4l eval tests what the run has set aside, whatever has become of the folder since.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "../core/new_folder.h"
#include "program.h"
#include "s4l/core/io/json.h"
#include "s4l/data/csv.h"
#include "s4l/data/write_png.h"

using namespace s4l::test;
namespace fs = std::filesystem;

namespace {

/// photos/cat and photos/dog with 15 pictures each, without a test part, and run/, which was trained on them.
struct PhotoRun : NewFolder {
  PhotoRun() {
    for (const char* name : {"cat", "dog"}) {
      fs::create_directories(*this / "photos" + "/" + name);
      for (int i = 0; i < 15; ++i) write_picture(fmt_name("photos", name, i));
    }
    const Outcome outcome = run_s4l(path(), {"run", "supervised", "--data", "photos", "--labels-per-class", "2",
                                             "--steps", "1", "--batch-size", "2", "--workers", "1", "-o", "run"});
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    for (const auto& row : s4l::data::parse_csv(content(*this / "run/split.csv")))
      if (row.fields[2] == "test") tests.push_back(row.fields[0]);
    REQUIRE(tests.size() == 6);
  }
  static std::string fmt_name(const std::string& root, const std::string& name, int i) {
    return root + "/" + name + "/" + std::to_string(i) + ".png";
  }
  void write_picture(const std::string& name) {
    s4l::data::Image image(16, 16);
    ++pictures_;
    for (std::size_t i = 0; i < image.pixels.size(); ++i)
      image.pixels[i] = static_cast<std::uint8_t>(i * pictures_ % 251);
    s4l::data::write_png(*this / name, image);
  }
  void cut_short(const std::string& name) const { fs::resize_file(*this / name, fs::file_size(*this / name) - 30); }
  Outcome eval(const Words& words, const Surroundings& surroundings = {}) const {
    return run_s4l(path(), Words{"eval"} + words, surroundings);
  }

  Words tests;  ///< paths below photos/ of what split.csv calls test

 private:
  std::size_t pictures_ = 0;
};

/// The one line with which eval refuses.
std::string refusal(const Outcome& outcome, int code = 1) {
  CHECK(outcome.code == code);
  CHECK(outcome.out.empty());
  CHECK(lines_in(outcome.err) == 1);
  return outcome.err;
}

}  // namespace

TEST_CASE("eval tests the same pictures when others have come or gone, and its result carries the split") {
  PhotoRun folder;
  const auto before = s4l::io::parse_json(content(folder / "run/eval/summary.json"));
  const std::string split = s4l::io::parse_json(content(folder / "run/environment.json")).at("split").string();
  CHECK(before.at("split_hash").string() == split);
  for (int i = 100; i < 140; ++i) folder.write_picture(PhotoRun::fmt_name("photos", i % 2 == 0 ? "cat" : "dog", i));
  int gone = 0;
  for (const auto& row : s4l::data::parse_csv(content(folder / "run/split.csv")))
    if (row.fields[2] == "unlabeled" && gone < 3) gone += fs::remove(folder / "photos/" + row.fields[0]);
  REQUIRE(gone == 3);
  const Outcome outcome = folder.eval({"run", "--json"});
  CHECK(outcome.err.empty());
  REQUIRE(outcome.code == 0);
  const auto after = s4l::io::parse_json(outcome.out);
  CHECK(after.at("unrotated").dump() == before.at("unrotated").dump());
  CHECK(after.at("unrotated").at("pictures").integer() == 6);
  CHECK(after.at("split_hash").string() == split);
  CHECK(after.at("test_set").string() == "run/split.csv");
}

TEST_CASE("a test picture that is missing or damaged is an error that names it") {
  PhotoRun folder;
  const std::string first = "photos/" + folder.tests[0], second = "photos/" + folder.tests[1];
  fs::rename(folder / first, folder / "away.png");
  std::string line = refusal(folder.eval({"run"}));
  CHECK(contains(line, "run/split.csv: split: expected its 6 test pictures, lacking 1: " + folder.tests[0] +
                           ": not in the data set; restore what is lacking, or give --labels-file a copy without it"));
  folder.cut_short(second);
  CHECK(contains(refusal(folder.eval({"run"})), "lacking 2: "));
  fs::rename(folder / "away.png", folder / first);
  line = refusal(folder.eval({"run"}));
  CHECK(contains(line, "lacking 1: "));
  CHECK(contains(line, folder.tests[1] + ": PNG"));

  std::string fewer;
  for (const auto& row : s4l::data::parse_csv(content(folder / "run/split.csv")))
    if (row.fields[0] != folder.tests[1]) fewer += row.fields[0] + "," + row.fields[1] + "," + row.fields[2] + "\n";
  std::ofstream(folder / "fewer.csv") << fewer;
  const Outcome outcome = folder.eval({"run", "--labels-file", "fewer.csv", "--json"});
  CHECK(outcome.err.empty());
  REQUIRE(outcome.code == 0);
  CHECK(s4l::io::parse_json(outcome.out).at("unrotated").at("pictures").integer() == 5);
}

TEST_CASE("a test picture that rots unseen is found when it is tested") {
  PhotoRun folder;
  const Surroundings cached{{{"S4L_CACHE_DIR", folder / "cache"}}};
  CHECK(folder.eval({"run"}, cached).code == 0);
  const std::string path = folder / "photos/" + folder.tests[3];
  const auto time = fs::last_write_time(path);
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(60).write("\0\0\0\0\0\0\0\0", 8);
  fs::last_write_time(path, time);
  const std::string line = refusal(folder.eval({"run"}, cached));
  CHECK(contains(line, "run/split.csv: expected its 6 test pictures, lacking 1: "));
  CHECK(contains(line, folder.tests[3]));
}

TEST_CASE("--data tests the folder as it is now and says what may have been trained on") {
  PhotoRun folder;
  fs::remove(folder / "photos/" + folder.tests[0]);
  Outcome outcome = folder.eval({"run", "--data", "photos", "--json"});
  REQUIRE(outcome.code == 0);
  CHECK(outcome.err.empty());
  auto json = s4l::io::parse_json(outcome.out);
  CHECK(json.at("trained_on").integer() == 0);
  CHECK(json.at("test_set").string() == "photos");
  for (const std::size_t i : {1, 2}) fs::remove(folder / "photos/" + folder.tests[i]);  // no test picture is left
  outcome = folder.eval({"run", "--data", "photos", "--json"});                         // of the cats
  REQUIRE(outcome.code == 0);
  CHECK(s4l::io::parse_json(outcome.out).at("trained_on").integer() == 2);
  CHECK(
      contains(outcome.err, "warning: 2 of the 5 pictures tested have the name of one that the weights were trained"));
}

TEST_CASE("the split of another run is refused unless it is asked for") {
  PhotoRun folder;
  std::string other = content(folder / "run/split.csv");
  const std::size_t unlabelled = other.find(",unlabeled");
  other.replace(unlabelled, 10, ",test");
  std::ofstream(folder / "run/split.csv") << other;
  const std::string line = refusal(folder.eval({"run"}));
  CHECK(contains(line, "expected the split "));
  CHECK(contains(line, " that run/weights/last.safetensors was trained on, run/split.csv is "));
  CHECK(contains(line, "other labels or other data; --labels-file run/split.csv tests its pictures all the same"));
  const Outcome outcome = folder.eval({"run", "--split", "run/split.csv", "--json"});
  REQUIRE(outcome.code == 0);
  CHECK(s4l::io::parse_json(outcome.out).at("unrotated").at("pictures").integer() == 7);
}

TEST_CASE("what the run learned from and is tested is counted") {
  PhotoRun folder;
  std::string other = content(folder / "run/split.csv");
  other.replace(other.find(",unlabeled"), 10, ",test");
  std::ofstream(folder / "other.csv") << other;
  const Outcome outcome = folder.eval({"run", "--labels-file", "other.csv", "--json"});
  REQUIRE(outcome.code == 0);
  CHECK(s4l::io::parse_json(outcome.out).at("trained_on").integer() == 1);
  CHECK(lines_in(outcome.err) == 1);
  CHECK(
      contains(outcome.err, "warning: 1 of the 7 pictures tested have the name of one that the weights were trained"));
}

TEST_CASE("a weights file alone is tested on damaged data as far as it is allowed") {
  PhotoRun folder;
  fs::copy(folder / "run/weights/last.safetensors", folder / "alone.safetensors");
  CHECK(folder.eval({"alone.safetensors", "--labels-file", "run/split.csv"}).err.empty());
  for (const char* name : {"photos/cat/0.png", "photos/cat/1.png", "photos/dog/2.png"}) folder.cut_short(name);
  const Words words{"alone.safetensors", "--data", "photos"};
  CHECK(contains(refusal(folder.eval(words)), "3 of 30 pictures are damaged, expected at most 1 % (--max-damaged): "));
  CHECK(contains(refusal(folder.eval(words + Words{"--strict", "--max-damaged", "50"})), "photos/cat/0.png"));
  CHECK(contains(refusal(folder.eval(words + Words{"--max-damaged", "150"}), 2), "--max-damaged: expected 0 to 100"));
  std::ofstream(folder / "my.toml") << "max-damaged = 20\nlabels = \"5\"\ndata = \"nowhere\"\n";
  for (const Outcome& outcome :
       {folder.eval(words + Words{"--max-damaged", "20"}), folder.eval(words + Words{"--config", "my.toml"}),
        folder.eval(words, {{{"S4L_MAX_DAMAGED", "20"}, {"S4L_DATA", "nowhere"}}})}) {
    INFO(outcome.err);
    CHECK(outcome.code == 0);
    CHECK(lines_in(outcome.err) == 5);
    CHECK(contains(outcome.err, "cat/0.png: PNG"));
    CHECK(contains(outcome.err, "no split.csv lies beside the weights"));
  }
}

TEST_CASE("a moved folder is named with the run's split") {
  PhotoRun folder;
  fs::rename(folder / "photos", folder / "moved");
  CHECK(contains(refusal(folder.eval({"run"}), 2), "photos: No such file or directory"));
  const Outcome outcome = folder.eval({"run", "--data", "moved", "--labels-file", "run/split.csv", "--json"});
  CHECK(outcome.err.empty());
  REQUIRE(outcome.code == 0);
  CHECK(s4l::io::parse_json(outcome.out).at("unrotated").dump() ==
        s4l::io::parse_json(content(folder / "run/eval/summary.json")).at("unrotated").dump());
}

TEST_CASE("predict and embed take what eval refuses") {
  PhotoRun folder;
  fs::remove(folder / "photos/" + folder.tests[0]);
  CHECK(refusal(folder.eval({"run"})) != "");
  CHECK(lines_in(run_s4l(folder.path(), {"predict", "run", "photos"}).out) == 30);
  CHECK(run_s4l(folder.path(), {"embed", "run", "photos", "-o", "features.npy"}).code == 0);
}

TEST_CASE("split and run warn of a link that is left out") {
  PhotoRun folder;
  fs::create_symlink("../dog", folder / "photos/cat/friends");
  const Outcome split = run_s4l(folder.path(), {"split", "--data", "photos", "--labels", "100"});
  CHECK(split.code == 0);
  CHECK(lines_in(split.out) == 31);
  CHECK(contains(split.err, "photos: left out 1 link to what is read already: cat/friends\n"));
  const Outcome run = run_s4l(folder.path(), {"run", "supervised", "--data", "photos", "--labels", "50", "--dry-run"});
  CHECK(contains(run.err, "left out 1 link to what is read already: cat/friends\n"));
  CHECK(folder.eval({"run"}).err.empty());
}
