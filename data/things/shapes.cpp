// Ten things by which up and down, and the class, can be told in 24 x 24 pixels.
#include "s4l/data/things/shapes.h"

#include <algorithm>
#include <cmath>

namespace s4l::data::things {

double disc(Point p, Point centre, double r) {
  const double x = p.x - centre.x, y = p.y - centre.y;
  return std::sqrt(x * x + y * y) - r;  // not hypot: sqrt alone rounds alike everywhere
}

double box(Point p, Point centre, double w, double h) {
  const double x = std::abs(p.x - centre.x) - w, y = std::abs(p.y - centre.y) - h;
  const double outside_x = std::max(x, 0.0), outside_y = std::max(y, 0.0);
  return std::sqrt(outside_x * outside_x + outside_y * outside_y) + std::min(std::max(x, y), 0.0);
}

namespace {

double unite(double a, double b) { return std::min(a, b); }
double cut(double a, double b) { return std::max(a, -b); }

struct Level {
  double y, w;  // height and half width
};

/// A trapezium between two levels, symmetric about x; a triangle where one half width is 0. Outside its corners the
/// value is less than the distance, which blending at the edge does not see.
double taper(Point p, double x, Level low, Level high) {
  const double slope = (high.w - low.w) / (high.y - low.y);
  const double side = std::abs(p.x - x) - (low.w + slope * (p.y - low.y));
  return std::max({low.y - p.y, p.y - high.y, side / std::sqrt(1 + slope * slope)});
}

Distances house(Point p) {
  const double walls = cut(box(p, {0, -0.45}, 0.68, 0.5), box(p, {0.22, -0.7}, 0.17, 0.3));
  const double roof = taper(p, 0, {-0.02, 0.98}, {0.9, 0});
  return {walls, unite(roof, box(p, {0.52, 0.5}, 0.13, 0.32))};
}

Distances tree(Point p) {
  const double crown = unite(taper(p, 0, {-0.5, 0.78}, {0.4, 0.1}), taper(p, 0, {0.1, 0.6}, {0.97, 0}));
  return {box(p, {0, -0.7}, 0.16, 0.28), crown};
}

Distances car(Point p) {
  const double body = unite(box(p, {0, -0.18}, 0.97, 0.24), taper(p, -0.1, {0, 0.7}, {0.52, 0.36}));
  return {body, unite(disc(p, {-0.52, -0.45}, 0.25), disc(p, {0.52, -0.45}, 0.25))};
}

Distances boat(Point p) {
  const double hull = taper(p, 0, {-0.88, 0.5}, {-0.4, 0.95});
  const double main = std::max(taper(p, 0.1, {-0.22, 0.8}, {0.92, 0}), 0.1 - p.x);
  const double jib = std::max(taper(p, -0.14, {-0.22, 0.5}, {0.55, 0}), p.x + 0.14);
  return {unite(hull, box(p, {-0.02, 0.15}, 0.08, 0.75)), unite(main, jib)};
}

Distances glass(Point p) {
  const double bowl = taper(p, 0, {-0.1, 0.22}, {0.92, 0.6});
  const double foot = unite(box(p, {0, -0.45}, 0.1, 0.4), box(p, {0, -0.83}, 0.5, 0.1));
  return {unite(bowl, foot), taper(p, 0, {0.02, 0.16}, {0.5, 0.34})};
}

Distances umbrella(Point p) {
  const double hook = std::max(std::abs(disc(p, {0.2, -0.7}, 0.2)) - 0.08, p.y + 0.7);
  const double stick = unite(box(p, {0, -0.2}, 0.08, 0.52), hook);
  const double canopy = std::max(disc(p, {0, 0}, 0.95), -p.y);
  const double hem = unite(disc(p, {0, -0.08}, 0.24), disc({std::abs(p.x), p.y}, {0.6, -0.08}, 0.24));
  return {stick, cut(canopy, hem)};
}

Distances chair(Point p) {
  const double seat = unite(box(p, {-0.5, 0.35}, 0.14, 0.6), box(p, {0, -0.15}, 0.64, 0.15));
  return {unite(box(p, {-0.5, -0.6}, 0.12, 0.36), box(p, {0.5, -0.6}, 0.12, 0.36)), seat};
}

Distances person(Point p) {
  const Point half{std::abs(p.x), p.y};
  const double arms = box(p, {0, 0.22}, 0.74, 0.11), legs = box(half, {0.2, -0.6}, 0.13, 0.36);
  const double body = unite(taper(p, 0, {-0.32, 0.33}, {0.36, 0.38}), unite(arms, legs));
  return {body, disc(p, {0, 0.66}, 0.29)};
}

Distances cat(Point p) {
  const Point half{std::abs(p.x), p.y};
  const double head = unite(disc(p, {0, -0.18}, 0.74), taper(half, 0.44, {0, 0.28}, {0.94, 0.02}));
  const double nose = taper(p, 0, {-0.55, 0}, {-0.3, 0.2});
  return {head, unite(disc(half, {0.32, 0.02}, 0.16), nose)};
}

Distances ice_cream(Point p) { return {taper(p, 0, {-0.97, 0}, {0.12, 0.48}), disc(p, {0, 0.4}, 0.54)}; }

}  // namespace

const Thing kThing[kThings] = {
    {"house", house},       {"tree", tree},   {"car", car},       {"boat", boat}, {"glass", glass},
    {"umbrella", umbrella}, {"chair", chair}, {"person", person}, {"cat", cat},   {"ice_cream", ice_cream},
};

}  // namespace s4l::data::things
