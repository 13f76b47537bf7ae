#include "s4l/data/things/scene.h"

#include <algorithm>
#include <cmath>

namespace s4l::data::things {
namespace {

double uniform(Rng& rng, double low, double high) { return low + (high - low) * rng.uniform(); }
double around(Rng& rng, double width) { return uniform(rng, -width, width); }

struct Color {
  double channel[3];
};

Color color(Rng& rng, double low, double high) {
  return {uniform(rng, low, high), uniform(rng, low, high), uniform(rng, low, high)};  // braces draw in order
}

void blend(Color& under, const Color& over, double share) {
  for (int c = 0; c < 3; ++c) under.channel[c] += share * (over.channel[c] - under.channel[c]);
}

/// A unit vector, every direction alike; by rejection, since sin and cos differ between libraries.
Point direction(Rng& rng) {
  for (;;) {
    const Point p{around(rng, 1), around(rng, 1)};
    const double square = p.x * p.x + p.y * p.y;
    if (square > 1 || square < 0.01) continue;
    const double length = std::sqrt(square);
    return {p.x / length, p.y / length};
  }
}

/// The share of a pixel that a shape covers whose edge is `distance` pixels away.
double coverage(double distance) { return std::clamp(0.5 - distance, 0.0, 1.0); }

struct Gradient {
  Point along;
  Color from, to;

  Color at(Point p) const {
    Color here = from;
    blend(here, to, std::clamp(0.5 + 0.5 * (p.x * along.x + p.y * along.y), 0.0, 1.0));
    return here;
  }
};

struct Junk {
  bool round;
  Point centre, half, along;
  Color color;

  void paint(Color& pixel, Point p, double pixels) const {
    const double x = p.x - centre.x, y = p.y - centre.y;
    const Point turned{x * along.x + y * along.y, y * along.x - x * along.y};
    const double distance = round ? disc(turned, {}, half.x) : box(turned, {}, half.x, half.y);
    blend(pixel, color, coverage(distance * pixels));
  }
};

struct Object {
  int thing;
  double scale;
  Point centre;
  double xx, xy, yx, yy;  // from the picture's frame, centre at 0, to the thing's own
  Color first, second;

  void paint(Color& pixel, Point p, double pixels) const {
    const double x = p.x - centre.x, y = p.y - centre.y;
    const Distances d = kThing[thing].shape({xx * x + xy * y, yx * x + yy * y});
    blend(pixel, first, coverage(d.first * scale * pixels));
    blend(pixel, second, coverage(d.second * scale * pixels));
  }
};

Gradient draw_background(Rng& rng, double brightest) {
  const Point along = direction(rng);
  const Color from = color(rng, 0, brightest), to = color(rng, 0, brightest);
  return {along, from, to};
}

std::vector<Junk> draw_junk(Rng& rng, int count, double spread) {
  std::vector<Junk> junk(count);
  for (Junk& one : junk) {
    one.round = rng.coin();
    one.centre = {around(rng, 1), around(rng, 1)};
    one.half = {0.06 + uniform(rng, 0, spread), 0.06 + uniform(rng, 0, spread)};
    one.along = direction(rng);
    one.color = color(rng, 0, 1);
  }
  return junk;
}

Object draw_object(Rng& rng, int thing, const Difficulty& difficulty) {
  Object object{};
  object.thing = thing;
  object.scale = uniform(rng, difficulty.scale, 0.9);
  const double room = 1 - 0.9 * object.scale;
  object.centre = {around(rng, room), around(rng, room)};
  const double t = around(rng, 0.1);  // tangent of half the tilt of up to 0.2 rad
  const double cosine = (1 - t * t) / (1 + t * t), sine = 2 * t / (1 + t * t);
  const double a = around(rng, 0.25);
  const double wide = std::sqrt((2 + a) / (2 - a));  // exp(a / 2), nearly
  const double shear = around(rng, 0.15);
  const double mirror = rng.coin() ? -1 : 1;
  // The inverse of: stretch by (wide, 1 / wide), mirror, shear x by y, turn, scale.
  const double to_x = mirror / (object.scale * wide), to_y = wide / object.scale;
  object.yx = -sine * to_y;
  object.yy = cosine * to_y;
  object.xx = (cosine + shear * sine) * to_x;
  object.xy = (sine - shear * cosine) * to_x;
  object.first = color(rng, 0.5 * (1 + difficulty.contrast), 1);
  object.second = color(rng, 0.5 * (1 + difficulty.contrast), 1);
  return object;
}

/// Standard normal but for its tails: four bytes added up, without the logarithm that differs between libraries.
double nearly_normal(Rng& rng) {
  const std::uint32_t bits = rng.next();
  const auto sum = (bits & 255u) + (bits >> 8 & 255u) + (bits >> 16 & 255u) + (bits >> 24);
  return (static_cast<double>(sum) - 510) / 147.80;
}

std::uint8_t to_byte(double value) { return static_cast<std::uint8_t>(std::clamp(value, 0.0, 1.0) * 255 + 0.5); }

}  // namespace

Image draw(int thing, int size, const Difficulty& difficulty, Rng rng) {
  const Gradient background = draw_background(rng, 0.5 * (1 - difficulty.contrast));
  const std::vector<Junk> behind = draw_junk(rng, difficulty.clutter, 0.25);
  const Object object = draw_object(rng, thing, difficulty);
  const std::vector<Junk> before = draw_junk(rng, difficulty.occlusion, 0.2);

  Image image(size, size);
  std::uint8_t* byte = image.pixels.data();
  const double pixels = 0.5 * size;  // per unit: the picture is [-1, 1] x [-1, 1]
  for (int row = 0; row < size; ++row)
    for (int column = 0; column < size; ++column) {
      const Point p{(column + 0.5) / pixels - 1, 1 - (row + 0.5) / pixels};
      Color pixel = background.at(p);
      for (const Junk& one : behind) one.paint(pixel, p, pixels);
      object.paint(pixel, p, pixels);
      for (const Junk& one : before) one.paint(pixel, p, pixels);
      for (double channel : pixel.channel) *byte++ = to_byte(channel + difficulty.noise * nearly_normal(rng));
    }
  return image;
}

}  // namespace s4l::data::things
