#include "s4l/methods/report/svg.h"

#include "s4l/methods/report/markup.h"

namespace s4l::methods {
namespace {

std::string number(double value) {
  std::string text = fixed(value, 2);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text == "-0" ? "0" : text;
}

std::string attribute(const char* name, double value) { return std::string(" ") + name + "=\"" + number(value) + "\""; }

}  // namespace

Svg::Svg(double width, double height, const std::string& label) : width_(width), height_(height), label_(label) {
  rect(0, 0, width, height, "paper");
}

void Svg::line(double x1, double y1, double x2, double y2, const std::string& css) {
  shapes_ += "<line class=\"" + css + "\"" + attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) +
             attribute("y2", y2) + "/>\n";
}

void Svg::polyline(const Points& points, const std::string& css) {
  shapes_ += "<polyline class=\"" + css + "\" points=\"";
  for (const auto& [x, y] : points) shapes_ += number(x) + "," + number(y) + " ";
  shapes_ += "\"/>\n";
}

void Svg::circle(double x, double y, double radius, const std::string& css) {
  shapes_ +=
      "<circle class=\"" + css + "\"" + attribute("cx", x) + attribute("cy", y) + attribute("r", radius) + "/>\n";
}

void Svg::rect(double x, double y, double width, double height, const std::string& css, double opacity,
               const std::string& tip) {
  shapes_ += "<rect class=\"" + css + "\"" + attribute("x", x) + attribute("y", y) + attribute("width", width) +
             attribute("height", height) + (opacity < 1 ? attribute("fill-opacity", opacity) : "");
  shapes_ += tip.empty() ? "/>\n" : "><title>" + escaped(tip) + "</title></rect>\n";
}

void Svg::text(double x, double y, const std::string& words, const std::string& css, Anchor anchor, double degrees) {
  shapes_ += "<text class=\"" + css + "\"" + attribute("x", x) + attribute("y", y);
  if (anchor != Anchor::start) shapes_ += anchor == Anchor::middle ? " text-anchor=\"middle\"" : " text-anchor=\"end\"";
  if (degrees != 0) shapes_ += " transform=\"rotate(" + number(degrees) + " " + number(x) + " " + number(y) + ")\"";
  shapes_ += ">" + escaped(words) + "</text>\n";
}

std::string Svg::open(const std::string& attributes) const {
  return "<svg" + attributes + " class=\"plot\" viewBox=\"0 0 " + number(width_) + " " + number(height_) + "\"" +
         attribute("width", width_) + attribute("height", height_) + " role=\"img\" aria-label=\"" + escaped(label_) +
         "\">\n";
}

std::string Svg::file() const {
  return open(" xmlns=\"http://www.w3.org/2000/svg\"") + "<style>" + svg_style() + "</style>\n" + shapes_ + "</svg>\n";
}

const std::string& svg_style() {
  // Colours apart in brightness and hue, each with a contrast of 4.5 or more to its paper. Plain values, not CSS
  // variables: viewers other than browsers then show the light ones.
  static const std::string style = R"(
.plot text{font:12px system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:#3d4650}
.plot .title{font-size:14px;font-weight:600;fill:#14181d}
.plot .paper{fill:#fff}.plot .grid{stroke:#e3e7eb}.plot .ink{stroke:#6a7682}.plot .count{fill:#14181d}
.plot .right{fill:#0b62c4}.plot .wrong{fill:#b4530a}.plot .cell{fill:#f3f5f7}
.c0{color:#0b62c4}.c1{color:#b4530a}.c2{color:#117a4b}.c3{color:#8a3ab0}.c4{color:#b8243a}.c5{color:#0d7284}
.plot .stroke{stroke:currentColor;stroke-width:1.8;fill:none;stroke-linejoin:round}
.plot .dash{stroke-dasharray:5 4}.plot .fill{fill:currentColor}
@media (prefers-color-scheme:dark){.plot text{fill:#b7c1cb}.plot .title{fill:#eef2f6}
.plot .paper{fill:#171b20}.plot .grid{stroke:#2b323a}.plot .ink{stroke:#8b97a3}
.plot .count{fill:#eef2f6}.plot .right{fill:#3b82d6}.plot .wrong{fill:#c46a1c}.plot .cell{fill:#1f252c}
.c0{color:#6cb2ff}.c1{color:#f5a458}.c2{color:#56cf98}.c3{color:#d39bf2}.c4{color:#ff8f94}.c5{color:#58c7d9}}
)";
  return style;
}

}  // namespace s4l::methods
