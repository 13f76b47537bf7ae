// RandAugment as FixMatch uses it. The arithmetic of each operation is the Python Imaging Library's, to the bit: it is
// what the published accuracies were reached with.
#include "s4l/data/transforms/randaugment.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "s4l/data/transforms/grey.h"

namespace s4l::data {
namespace {

constexpr int kMaxLevel = 10;
constexpr std::int64_t kOne = 1 << 16;  // coordinates are fixed point with 16 bits of fraction

using Table = std::array<std::uint8_t, 256>;
using Histogram = std::array<std::int64_t, 256>;

// --- tables: every channel by itself ------------------------------------------------------------------------

Image look_up(Image image, const std::array<Table, 3>& tables) {
  for (std::size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = tables[i % 3][image.pixels[i]];
  return image;
}

/// Replaces the level v of each channel by make(histogram of the channel, v).
template <class Make>
Image by_histogram(const Image& image, const Make& make) {
  std::array<Histogram, 3> counts{};
  for (std::size_t i = 0; i < image.pixels.size(); ++i) ++counts[i % 3][image.pixels[i]];
  std::array<Table, 3> tables{};
  for (std::size_t c = 0; c < 3; ++c) tables[c] = make(counts[c]);
  return look_up(image, tables);
}

Table identity_table() {
  Table table{};
  for (std::size_t v = 0; v < 256; ++v) table[v] = static_cast<std::uint8_t>(v);
  return table;
}

/// The darkest level becomes 0, the lightest 255.
Table stretched(const Histogram& counts) {
  const auto occurs = [](std::int64_t n) { return n > 0; };
  const auto low = std::find_if(counts.begin(), counts.end(), occurs) - counts.begin();
  const auto high = counts.rend() - std::find_if(counts.rbegin(), counts.rend(), occurs) - 1;
  Table table = identity_table();
  if (high <= low) return table;
  const double scale = 255.0 / static_cast<double>(high - low), offset = -static_cast<double>(low) * scale;
  for (std::size_t v = 0; v < 256; ++v)
    table[v] = static_cast<std::uint8_t>(std::clamp(static_cast<double>(v) * scale + offset, 0.0, 255.0));
  return table;
}

/// Every level becomes about equally frequent.
Table equalized(const Histogram& counts) {
  std::int64_t total = 0, last = 0;
  for (const std::int64_t n : counts) {
    total += n;
    if (n > 0) last = n;
  }
  const std::int64_t step = (total - last) / 255;
  Table table = identity_table();
  if (step == 0) return table;
  std::int64_t n = step / 2;
  for (std::size_t v = 0; v < 256; n += counts[v++])
    table[v] = static_cast<std::uint8_t>(std::min<std::int64_t>(255, n / step));
  return table;
}

template <class Level>
Image map_levels(const Image& image, const Level& level) {
  Table table{};
  for (std::size_t v = 0; v < 256; ++v) table[v] = static_cast<std::uint8_t>(level(static_cast<int>(v)));
  return look_up(image, {table, table, table});
}

Image identity(const Image& image, int, bool) { return image; }
Image auto_contrast(const Image& image, int, bool) { return by_histogram(image, stretched); }
Image equalize(const Image& image, int, bool) { return by_histogram(image, equalized); }

/// Inverts levels from a threshold on.
Image solarize(const Image& image, int level, bool) {
  const int threshold = 256 - level * 256 / kMaxLevel;
  return map_levels(image, [=](int v) { return v < threshold ? v : 255 - v; });
}

/// Keeps the 4 to 0 leading bits of each level.
Image posterize(const Image& image, int level, bool) {
  const int bits = 4 - level * 4 / kMaxLevel;
  return map_levels(image, [=](int v) { return v & (0xFF00 >> bits); });
}

// --- blends of the picture with a duller one ----------------------------------------------------------------

/// dull + v (image - dull), v from 0.28 to 1.9: below 1 towards the dull picture, above 1 away from it.
Image blend(const Image& dull, Image image, int level) {
  const float v = static_cast<float>(level * 1.8 / kMaxLevel + 0.1);
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    const int from = dull.pixels[i], to = image.pixels[i];
    const float mixed = static_cast<float>(from) + v * static_cast<float>(to - from);
    image.pixels[i] = static_cast<std::uint8_t>(std::clamp(mixed, 0.0f, 255.0f));
  }
  return image;
}

Image brightness(const Image& image, int level, bool) { return blend(Image(image.height, image.width), image, level); }

Image color(const Image& image, int level, bool) {
  Image dull = image;
  for (std::size_t i = 0; i < dull.pixels.size(); i += 3) std::fill_n(&dull.pixels[i], 3, luma(&dull.pixels[i]));
  return blend(dull, image, level);
}

Image contrast(const Image& image, int level, bool) {
  std::int64_t sum = 0;
  for (std::size_t i = 0; i < image.pixels.size(); i += 3) sum += luma(&image.pixels[i]);
  Image dull = image;
  const auto mean = static_cast<double>(sum) / static_cast<double>(image.pixels.size() / 3);
  std::fill(dull.pixels.begin(), dull.pixels.end(), static_cast<std::uint8_t>(mean + 0.5));
  return blend(dull, image, level);
}

/// Dull is the picture smoothed by (1 1 1; 1 5 1; 1 1 1) / 13, its border as it was.
Image sharpness(const Image& image, int level, bool) {
  Image dull = image;
  const int row = image.width * 3;
  for (int y = 1; y + 1 < image.height; ++y)
    for (int i = 3; i < row - 3; ++i) {
      const std::uint8_t* at = image.at(y, 0) + i;
      int sum = 4 * *at;
      for (const int dy : {-row, 0, row}) sum += at[dy - 3] + at[dy] + at[dy + 3];
      dull.at(y, 0)[i] = static_cast<std::uint8_t>((2 * sum + 13) / 26);
    }
  return blend(dull, image, level);
}

// --- geometry -----------------------------------------------------------------------------------------------

/// Output pixel (x, y) shows the nearest to (a x + b y + c, d x + e y + f), pixel centres at halves.
struct Affine {
  double a, b, c, d, e, f;
};

Image transform(const Image& image, const Affine& m) {
  const auto fixed = [](double v) { return static_cast<std::int64_t>(std::floor(v * kOne + 0.5)); };
  Image out(image.height, image.width);
  for (int y = 0; y < out.height; ++y) {
    std::int64_t u = fixed(m.c + m.a * 0.5 + m.b * 0.5) + y * fixed(m.b);
    std::int64_t v = fixed(m.f + m.d * 0.5 + m.e * 0.5) + y * fixed(m.e);
    for (int x = 0; x < out.width; ++x, u += fixed(m.a), v += fixed(m.d)) {
      const bool inside = u >= 0 && v >= 0 && u < image.width * kOne && v < image.height * kOne;
      if (inside)
        std::copy_n(image.at(static_cast<int>(v / kOne), static_cast<int>(u / kOne)), 3, out.at(y, x));
      else
        std::fill_n(out.at(y, x), 3, kGrey);
    }
  }
  return out;
}

double signed_level(int level, bool negative) { return negative ? -level : level; }

/// Up to 30 degrees about the middle.
Image rotate(const Image& image, int level, bool negative) {
  const double angle = -signed_level(level * 30 / kMaxLevel, negative) * std::numbers::pi / 180;
  const double cosine = std::cos(angle), sine = std::sin(angle), x = image.width / 2.0, y = image.height / 2.0;
  return transform(image, {cosine, sine, x - cosine * x - sine * y, -sine, cosine, y + sine * x - cosine * y});
}

Image shear_x(const Image& image, int level, bool negative) {
  return transform(image, {1, signed_level(level, negative) * 0.3 / kMaxLevel, 0, 0, 1, 0});
}
Image shear_y(const Image& image, int level, bool negative) {
  return transform(image, {1, 0, 0, signed_level(level, negative) * 0.3 / kMaxLevel, 1, 0});
}

/// Up to 10 pixels of 32, in whole pixels.
int shift(int side, int level) { return level * 10 * side / (32 * kMaxLevel); }

Image translate_x(const Image& image, int level, bool negative) {
  return transform(image, {1, 0, signed_level(shift(image.width, level), negative), 0, 1, 0});
}
Image translate_y(const Image& image, int level, bool negative) {
  return transform(image, {1, 0, 0, 0, 1, signed_level(shift(image.height, level), negative)});
}

}  // namespace

const std::array<RandAugmentOperation, 14> kRandAugmentOperations = {{
    {"Identity", identity},
    {"AutoContrast", auto_contrast},
    {"Equalize", equalize},
    {"Rotate", rotate},
    {"Solarize", solarize},
    {"Color", color},
    {"Contrast", contrast},
    {"Brightness", brightness},
    {"Sharpness", sharpness},
    {"ShearX", shear_x},
    {"TranslateX", translate_x},
    {"TranslateY", translate_y},
    {"Posterize", posterize},
    {"ShearY", shear_y},
}};

Image randaugment(const Image& image, int count, int magnitude, Rng& rng) {
  Image out = image;
  for (int i = 0; i < count; ++i) {
    const auto which = static_cast<std::size_t>(rng.below(std::ssize(kRandAugmentOperations)));
    const auto level = static_cast<int>(1 + rng.below(std::max(1, magnitude - 1)));
    const bool applied = rng.coin(), negative = rng.coin();
    if (applied) out = kRandAugmentOperations[which].apply(out, level, negative);
  }
  return out;
}

}  // namespace s4l::data
