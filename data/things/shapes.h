#pragma once

namespace s4l::data::things {

/// A place in an upright frame: x to the right, y up.
struct Point {
  double x = 0, y = 0;
};

/// Signed distances (negative inside) to the two parts of a thing; the second lies over the first.
struct Distances {
  double first = 0, second = 0;
};

/// One class of things: its name, and its shape within [-1, 1] x [-1, 1].
struct Thing {
  const char* name;
  Distances (*shape)(Point);
};

inline constexpr int kThings = 10;
extern const Thing kThing[kThings];

/// Signed distance to a disc of radius `r` around `centre`.
double disc(Point p, Point centre, double r);
/// Signed distance to a box of half width `w` and half height `h` around `centre`.
double box(Point p, Point centre, double w, double h);

}  // namespace s4l::data::things
