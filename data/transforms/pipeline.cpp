#include "s4l/data/transforms/pipeline.h"

#include <array>
#include <charconv>
#include <cmath>

#include "s4l/core/error.h"
#include "s4l/data/transforms/operations.h"
#include "s4l/data/transforms/parser.h"
#include "s4l/data/transforms/randaugment.h"

namespace s4l::data {
namespace {

using Values = std::vector<double>;

int whole(double value) { return static_cast<int>(value); }
Size size_of(const Values& values) { return {whole(values[0]), whole(values[1])}; }

HostOp make_resize(const Values& values) {
  return [size = size_of(values)](const Image& image, Rng&, bool) { return resize(image, size); };
}

HostOp make_resize_small(const Values& values) {
  return [side = whole(values[0])](const Image& image, Rng&, bool) { return resize_small(image, side); };
}

HostOp make_crop(const Values& values) {
  return [size = size_of(values)](const Image& image, Rng& rng, bool train) {
    return train ? random_crop(image, size, rng) : central_crop(image, size);
  };
}

HostOp make_central_crop(const Values& values) {
  return [size = size_of(values)](const Image& image, Rng&, bool) { return central_crop(image, size); };
}

HostOp make_pad_crop(const Values& values) {
  return [padding = whole(values[0])](const Image& image, Rng& rng, bool train) {
    return train ? pad_crop(image, padding, rng) : image;
  };
}

HostOp make_randaugment(const Values& values) {
  return [count = whole(values[0]), magnitude = whole(values[1])](const Image& image, Rng& rng, bool train) {
    return train ? randaugment(image, count, magnitude, rng) : image;
  };
}

HostOp make_cutout(const Values& values) {
  return [fraction = values[0]](const Image& image, Rng& rng, bool train) {
    return train ? cutout(image, fraction, rng) : image;
  };
}

/// a + x / 255 (b - a) in the form (x / 255 - mean) / deviation.
Normalization value_range(double a, double b) {
  const auto mean = static_cast<float>(-a / (b - a)), deviation = static_cast<float>(1 / (b - a));
  return {{mean, mean, mean}, {deviation, deviation, deviation}};
}

/// Where an operation may stand: all of the host's, then at most one of each of the tail.
enum class Place { host, flip, range, rotate };

/// What an argument may be.
enum Accepted { pixels, any_number, level, share };

struct Entry {
  const char* name;
  Place place;
  std::array<const char*, 2> keys;  ///< of its arguments; null for none
  HostOp (*make)(const Values&);    ///< null for the tail
  Accepted accepted = pixels;       ///< of all arguments

  bool is_size() const { return keys[0] && *keys[0] == 'h'; }  ///< (h[, w]): one number is height and width
  std::string usage() const {
    if (!keys[0]) return std::string(name) + " without arguments";
    const std::string second = keys[1] ? std::string(", ") + keys[1] : "";
    return std::string(name) + "(" + keys[0] + (is_size() ? "[" + second + "]" : second) + ")";
  }
};

constexpr Entry kOperations[] = {
    {"resize", Place::host, {"h", "w"}, make_resize},
    {"resize_small", Place::host, {"s"}, make_resize_small},
    {"crop", Place::host, {"h", "w"}, make_crop},
    {"central_crop", Place::host, {"h", "w"}, make_central_crop},
    {"pad_crop", Place::host, {"p"}, make_pad_crop},
    {"randaugment", Place::host, {"n", "m"}, make_randaugment, level},
    {"cutout", Place::host, {"f"}, make_cutout, share},
    {"flip_lr", Place::flip, {}, nullptr},
    {"-1_to_1", Place::range, {}, nullptr},
    {"0_to_1", Place::range, {}, nullptr},
    {"value_range", Place::range, {"a", "b"}, nullptr, any_number},
    {"rotate", Place::rotate, {}, nullptr},
};

const Entry& entry_of(const std::string& text, const OperationText& operation) {
  std::string known;
  for (const Entry& entry : kOperations) {
    if (operation.name == entry.name) return entry;
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  fail_at(text, operation.place, "unknown operation \"" + operation.name + "\"; known are " + known);
}

double number(const std::string& text, const ArgumentText& argument, Accepted accepted) {
  const std::string& digits = argument.value;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool is_number = error == std::errc() && end == digits.data() + digits.size() && std::isfinite(value);
  const auto within = [&](double low, double high) { return is_number && value >= low && value <= high; };
  const bool is_whole = value == std::floor(value);
  const auto require = [&](bool good, const char* expected) {
    if (!good) fail_at(text, argument.place, std::string("expected ") + expected + ", got \"" + digits + "\"");
  };
  if (accepted == pixels) require(within(1, 16384) && is_whole, "a whole number from 1 to 16384");
  if (accepted == any_number) require(is_number, "a number");
  if (accepted == level) require(within(1, 11) && is_whole, "a whole number from 1 to 11");
  if (accepted == share) require(within(0, 1) && value > 0, "a number above 0, at most 1");
  return value;
}

/// The arguments in the order of the entry's keys.
Values values_of(const std::string& text, const OperationText& operation, const Entry& entry) {
  std::array<const ArgumentText*, 2> given{};
  std::size_t position = 0;
  for (const ArgumentText& argument : operation.arguments) {
    std::size_t i = argument.key.empty() ? position++ : 0;
    if (!argument.key.empty())
      while (i < 2 && !(entry.keys[i] && argument.key == entry.keys[i])) ++i;
    if (i >= 2 || !entry.keys[i]) fail_at(text, argument.place, "expected " + entry.usage());
    if (given[i]) fail_at(text, argument.place, std::string("a second value for ") + entry.keys[i]);
    given[i] = &argument;
  }
  if (entry.is_size() && !given[1]) given[1] = given[0];
  Values values;
  for (std::size_t i = 0; i < 2 && entry.keys[i]; ++i) {
    if (!given[i]) fail_at(text, operation.place, "expected " + entry.usage());
    values.push_back(number(text, *given[i], entry.accepted));
  }
  return values;
}

Normalization normalization_of(const std::string& name, const Values& values) {
  if (name == "value_range") return value_range(values[0], values[1]);
  return value_range(name == "0_to_1" ? 0 : -1, 1);
}

}  // namespace

Pipeline::Pipeline(const std::string& text) : text_(text) {
  tail_.rotations = 1;
  const Entry* last = nullptr;
  for (const OperationText& operation : parse_pipeline(text)) {
    const Entry& entry = entry_of(text, operation);
    if (last && (entry.place < last->place || (entry.place == last->place && entry.place != Place::host)))
      fail_at(text, operation.place, "\"" + operation.name + "\" cannot stand after \"" + last->name + "\"");
    last = &entry;
    const Values values = values_of(text, operation, entry);
    if (entry.place == Place::range && values.size() == 2 && values[0] == values[1])
      fail_at(text, operation.place, "expected two different values");
    if (entry.place == Place::host) host_.push_back(entry.make(values));
    if (entry.place == Place::flip) flip_ = true;
    if (entry.place == Place::range) tail_.normalization = normalization_of(operation.name, values);
    if (entry.place == Place::rotate) tail_.rotations = 4;
  }
}

Pipeline::Result Pipeline::run(const Image& image, Rng& rng, bool train) const {
  Result result;
  const Image* current = &image;
  for (const HostOp& op : host_) {
    result.image = op(*current, rng, train);
    current = &result.image;
  }
  if (host_.empty()) result.image = image;
  result.flip = flip_ && train && rng.coin();
  return result;
}

std::string with_operations(const std::string& text, const std::string& more) {
  std::string host, tail;
  for (const std::string& source : {text, more})
    for (const OperationText& operation : source.empty() ? std::vector<OperationText>() : parse_pipeline(source)) {
      std::string& part = entry_of(source, operation).place == Place::host ? host : tail;
      part += (part.empty() ? "" : "|") +
              source.substr(operation.place, source.find('|', operation.place) - operation.place);
    }
  return host + (host.empty() || tail.empty() ? "" : "|") + tail;
}

}  // namespace s4l::data
