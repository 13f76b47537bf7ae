#include "s4l/data/transforms/picture.h"

#include "s4l/data/cut.h"

namespace s4l::data {

void Picture::crop(Box box) {
  if (!decode_) return set(cut(image_, box));
  box_ = {box_.top + box.top, box_.left + box.left, box.height, box.width};
}

const Image& Picture::pixels() {
  if (decode_) set(decode_(box_));
  return image_;
}

void Picture::set(Image image) {
  image_ = std::move(image);
  box_ = {0, 0, image_.height, image_.width};
  decode_ = nullptr;
}

void Picture::share() {
  const auto image = std::make_shared<const Image>(take());
  decode_ = [image](Box box) { return cut(*image, box); };
}

Image Picture::take() {
  pixels();
  return std::move(image_);
}

}  // namespace s4l::data
