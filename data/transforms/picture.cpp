#include "s4l/data/transforms/picture.h"

#include <algorithm>

#include "s4l/data/cut.h"

namespace s4l::data {
namespace {

ExactImage exact(const Image& image) {
  ExactImage out(image.height, image.width, image.channels);
  std::copy(image.pixels.begin(), image.pixels.end(), out.pixels.begin());
  return out;
}
const ExactImage& exact(const ExactImage& image) { return image; }

Picture::Pixels exact(const Picture::Pixels& pixels) {
  return std::visit([](const auto& image) { return Picture::Pixels(exact(image)); }, pixels);
}

}  // namespace

Image rounded(const ExactImage& image) {
  Image out(image.height, image.width, image.channels);
  std::transform(image.pixels.begin(), image.pixels.end(), out.pixels.begin(),
                 [](float level) { return static_cast<std::uint8_t>(std::clamp(level + 0.5f, 0.0f, 255.0f)); });
  return out;
}

void Picture::crop(Box box) {
  if (!decode_) return change([&](const auto& image) { return cut(image, box); });
  box_ = {box_.top + box.top, box_.left + box.left, box.height, box.width};
}

void Picture::make_exact() {
  exact_ = true;
  if (!decode_) set(std::move(pixels_));
}

const Picture::Pixels& Picture::pixels() {
  if (decode_) set(decode_(box_));
  return pixels_;
}

void Picture::set(Pixels pixels) {
  pixels_ = exact_ ? exact(pixels) : std::move(pixels);
  std::visit([&](const auto& image) { box_ = {0, 0, image.height, image.width}; }, pixels_);
  decode_ = nullptr;
}

void Picture::share() {
  const auto whole = std::make_shared<const Pixels>(take());
  decode_ = [whole](Box box) { return std::visit([&](const auto& image) { return Pixels(cut(image, box)); }, *whole); };
}

Picture::Pixels Picture::take() {
  pixels();
  return std::move(pixels_);
}

}  // namespace s4l::data
