// Pictures of ten upright things, drawn when they are asked for: nothing to download, any number, any size.
#include <charconv>
#include <cstdio>

#include "s4l/core/error.h"
#include "s4l/data/cut.h"
#include "s4l/data/dataset.h"
#include "s4l/data/things/scene.h"

namespace s4l::data {
namespace {

constexpr int kDefaultSide = 24, kMaxSide = 4096, kMaxPictures = 100'000'000;

enum class Stream : std::uint64_t { train, test, validation };

struct ThingsOptions {
  int train = 500, test = 2000;
  Stream held_out = Stream::test;  // what the test part shows: a search of settings looks at validation instead
  things::Difficulty difficulty;
};

template <class T>
T number(const std::string& name, const std::string& text, T low, T high) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  check(error == std::errc{} && stop == end && value >= low && value <= high,
        "things: {}: expected a number from {} to {}, got \"{}\"", name, low, high, text);
  return value;
}

Stream held_out(const std::string& text) {
  check(text == "test" || text == "validation", "things: held-out: expected test or validation, got \"{}\"", text);
  return text == "test" ? Stream::test : Stream::validation;
}

ThingsOptions things_options(const std::map<std::string, std::string>& extra) {
  ThingsOptions options;
  things::Difficulty& difficulty = options.difficulty;
  for (const auto& [name, text] : extra) {
    if (name == "train")
      options.train = number(name, text, 0, kMaxPictures);
    else if (name == "test")
      options.test = number(name, text, 0, kMaxPictures);
    else if (name == "held-out")
      options.held_out = held_out(text);
    else if (name == "contrast")
      difficulty.contrast = number(name, text, -1.0, 1.0);
    else if (name == "clutter")
      difficulty.clutter = number(name, text, 0, 100);
    else if (name == "occlusion")
      difficulty.occlusion = number(name, text, 0, 100);
    else if (name == "scale")
      difficulty.scale = number(name, text, 0.1, 0.9);
    else if (name == "noise")
      difficulty.noise = number(name, text, 0.0, 1.0);
    else
      fail(
          ErrorKind::usage,
          "things: expected an option of train, test, held-out, contrast, clutter, occlusion, scale, noise, got \"{}\"",
          name);
  }
  return options;
}

class Things : public Dataset {
 public:
  explicit Things(const DatasetOptions& options)
      : options_(things_options(options.extra)),
        seed_(options.seed),
        side_(options.img_size == 0 ? kDefaultSide : options.img_size) {
    check(side_ >= 8 && side_ <= kMaxSide, "things: expected a picture size from 8 to {}, got {}", kMaxSide, side_);
    for (const things::Thing& thing : things::kThing) names_.emplace_back(thing.name);
  }

  std::int64_t size() const override { return std::int64_t{options_.train} + options_.test; }
  const std::vector<std::string>& class_names() const override { return names_; }
  Size image_size(std::int64_t) const override { return {side_, side_}; }
  std::int64_t label(std::int64_t index) const override { return number_in_part(index) % things::kThings; }
  Part part(std::int64_t index) const override { return index < options_.train ? Part::train : Part::test; }

  std::string path(std::int64_t index) const override {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%04lld", static_cast<long long>(number_in_part(index)));
    const char* held_out = options_.held_out == Stream::test ? "test/" : "validation/";
    const char* folder = part(index) == Part::train ? "train/" : held_out;
    return folder + names_[static_cast<std::size_t>(label(index))] + "/" + digits;
  }

  Image image(std::int64_t index, Box box) const override {
    const Stream stream = part(index) == Part::train ? Stream::train : options_.held_out;
    const Rng rng(seed_, Purpose::dataset, static_cast<std::uint64_t>(stream),
                  static_cast<std::uint64_t>(number_in_part(index)));
    return cut(things::draw(static_cast<int>(label(index)), side_, options_.difficulty, rng), box);
  }

 private:
  std::int64_t number_in_part(std::int64_t index) const {
    return index < options_.train ? index : index - options_.train;
  }

  ThingsOptions options_;
  std::uint64_t seed_;
  int side_;
  std::vector<std::string> names_;
};

}  // namespace
}  // namespace s4l::data

S4L_DATASET(things, Things, "ten classes of drawn things, any number and size; needs no files")
