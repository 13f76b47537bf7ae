#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "../core/new_folder.h"
#include "program.h"
#include "s4l/core/io/json.h"
#include "s4l/core/io/safetensors.h"
#include "s4l/data/csv.h"
#include "s4l/data/write_png.h"

using namespace s4l::test;
namespace fs = std::filesystem;

namespace {

/// photos/ with pictures of two sizes, one of them below a folder, and a damaged one; weights.safetensors of a run that
/// is gone.
struct Photos : NewFolder {
  Photos() {
    const Outcome outcome = run_s4l(path(), tiny_run("supervised", 1) + Words{"-o", "run"});
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    fs::copy(*this / "run/weights/last.safetensors", *this / "weights.safetensors");
    fs::remove_all(*this / "run");
    fs::create_directories(*this / "photos/more");
    write_picture("photos/b.png", 40, 30);
    write_picture("photos/more/a.png", 30, 50);
    std::ofstream(*this / "photos/broken.jpg") << "no picture";
  }
  void write_picture(const std::string& name, int height, int width) const {
    s4l::data::Image image(height, width);
    for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<std::uint8_t>(i * 7 % 251);
    s4l::data::write_png(*this / name, image);
  }
};

}  // namespace

TEST_CASE("a weights file alone names the classes of pictures in files and folders") {
  const Photos folder;
  const Outcome outcome = run_s4l(folder.path(), {"predict", "weights.safetensors", "photos", "--top-k", "2"});
  INFO(outcome.err);
  CHECK(outcome.code == 0);
  const auto rows = s4l::data::parse_csv(outcome.out);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].fields == Words{"path", "class", "confidence", "class_2", "confidence_2"});
  CHECK(rows[1].fields[0] == "photos/b.png");
  CHECK(rows[2].fields[0] == "photos/more/a.png");
  CHECK(std::stod(rows[1].fields[2]) >= std::stod(rows[1].fields[4]));
  CHECK(contains(outcome.err, "skipped: photos/broken.jpg: expected a"));
  CHECK(contains(outcome.err, "1 of 3 files skipped"));
}

TEST_CASE("predictions as JSON hold every class on demand, and the damaged files") {
  const Photos folder;
  const Words words = {"predict", "weights.safetensors", "photos", "photos/b.png", "--json"};
  const Outcome outcome = run_s4l(folder.path(), words + Words{"--top-k", "99", "-q", "--batch-size", "1"});
  REQUIRE(outcome.code == 0);
  const auto json = s4l::io::parse_json(outcome.out);
  REQUIRE(json.array().size() == 4);
  double sum = 0;
  for (const auto& entry : json.array()[0].at("classes").array()) sum += entry.at("confidence").number();
  CHECK(sum == Approx(1));
  CHECK(json.array()[0].at("classes").array().size() == 10);
  CHECK(json.array()[1].at("path").string() == "photos/broken.jpg");
  CHECK(contains(json.array()[1].at("error").string(), "expected a"));
  CHECK(json.array()[3].dump() == json.array()[0].dump());  // whatever shares its batch
}

TEST_CASE("a damaged file ends a prediction where it is told to, or where it is the only one") {
  const Photos folder;
  const Outcome strict = run_s4l(folder.path(), {"predict", "weights.safetensors", "photos", "--strict"});
  CHECK(strict.code == 1);
  CHECK(contains(strict.err, "error: photos/broken.jpg: expected a"));
  CHECK(run_s4l(folder.path(), {"predict", "weights.safetensors", "photos/broken.jpg"}).code == 1);
}

TEST_CASE("features come as NumPy, safetensors and CSV, with the same numbers and the pictures' paths") {
  const Photos folder;
  const Words words = {"embed", "weights.safetensors", "photos", "-q"};
  const Outcome csv = run_s4l(folder.path(), words);
  const auto rows = s4l::data::parse_csv(csv.out);
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].fields[1] == "feature_0");

  REQUIRE(run_s4l(folder.path(), words + Words{"-o", "f.safetensors"}).code == 0);
  const auto file = s4l::io::load_tensors(folder / "f.safetensors");
  const auto values = s4l::values_of<float>(*file.find("features"));
  CHECK(file.metadata.at("paths") == R"(["photos/b.png","photos/more/a.png"])");
  REQUIRE(values.size() == 2 * (rows[0].fields.size() - 1));
  CHECK(std::stof(rows[1].fields[1]) == values[0]);
  CHECK(std::stof(rows[2].fields.back()) == values.back());

  REQUIRE(run_s4l(folder.path(), words + Words{"-o", "f.npy"}).code == 0);
  const std::string npy = content(folder / "f.npy");
  CHECK(npy.substr(0, 6) == "\x93NUMPY");
  CHECK((npy.size() - values.size() * 4) % 64 == 0);
  CHECK(npy.substr(npy.size() - values.size() * 4) ==
        std::string(reinterpret_cast<const char*>(values.data()), values.size() * 4));
  CHECK(contains(npy, "'shape': (2, " + std::to_string(values.size() / 2) + ")"));
  CHECK(content(folder / "f.npy.txt") == "photos/b.png\nphotos/more/a.png\n");
}

TEST_CASE("a prediction has the confidence of the run's own test, with whatever preprocessing") {
  const Photos folder;
  for (int i = 0; i < 24; ++i) {
    const std::string place = i % 2 == 0 ? "data/one" : "data/two";
    fs::create_directories(folder / place);
    folder.write_picture(place + "/" + std::to_string(i) + ".png", 20 + i, 30);
  }
  const std::string pipeline = "resize(16)|standardize";
  const Outcome run =
      run_s4l(folder.path(), {"run",        "supervised", "--data",       "data",   "--labels",          "50",
                              "--steps",    "2",          "--batch-size", "2",      "--width",           "0.25",
                              "--img-size", "16",         "--augment",    pipeline, "--preprocess-eval", pipeline,
                              "-o",         "run"});
  INFO(run.err);
  REQUIRE(run.code == 0);
  const auto tested = s4l::data::parse_csv(content(folder / "run/eval/predictions.csv"));
  REQUIRE(tested.size() >= 3);
  for (std::size_t i = 1; i < tested.size(); ++i) {
    const auto rows =
        s4l::data::parse_csv(run_s4l(folder.path(), {"predict", "run", "data/" + tested[i].fields[0]}).out);
    CHECK(std::stod(rows[1].fields[2]) == Approx(std::stod(tested[i].fields.back())).epsilon(1e-4));
  }
}
