#pragma once
#include <string>
#include <utility>
#include <vector>

namespace s4l::methods {

/// A drawing as SVG, made of shapes with CSS classes; x runs to the right, y down, units are pixels.
class Svg {
 public:
  enum class Anchor { start, middle, end };
  using Points = std::vector<std::pair<double, double>>;

  /// `label` is what a screen reader says.
  Svg(double width, double height, const std::string& label);

  void line(double x1, double y1, double x2, double y2, const std::string& css);
  void polyline(const Points& points, const std::string& css);
  void circle(double x, double y, double radius, const std::string& css);
  /// `opacity` of the filling; `tip` is shown under the pointer.
  void rect(double x, double y, double width, double height, const std::string& css, double opacity = 1,
            const std::string& tip = "");
  /// Text on the base line `y`, turned by `degrees` about its anchor.
  void text(double x, double y, const std::string& words, const std::string& css, Anchor anchor = Anchor::start,
            double degrees = 0);

  /// For a page that has svg_style().
  std::string element() const { return open("") + shapes_ + "</svg>\n"; }
  /// A file of its own, light or dark as its reader prefers.
  std::string file() const;

 private:
  std::string open(const std::string& attributes) const;

  double width_, height_;
  std::string label_, shapes_;
};

/// The CSS of the classes that drawings use: title, paper, cell, grid, ink, right and wrong
/// (cells), count (text on them), stroke, dash, fill, and the colours c0 ... c5.
const std::string& svg_style();
inline constexpr int kSvgColours = 6;

}  // namespace s4l::methods
