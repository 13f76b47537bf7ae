#pragma once
#include "s4l/core/ops/conv2d.h"
#include "s4l/tests/support/near.h"

namespace s4l::test {

/// A convolution by its sizes; `channels` and `outputs` are those of all groups.
struct Layer {
  std::int64_t images, height, width, channels, outputs, kernel;
  Conv2dOptions options;
};

inline Shape shape_of_x(const Layer& l) { return {l.images, l.height, l.width, l.channels}; }
inline Shape shape_of_w(const Layer& l) { return {l.outputs, l.kernel, l.kernel, l.channels / l.options.groups}; }

inline std::string name_of(const Layer& l) {
  return fill_in("x {}, w {}, stride {}, padding {}, dilation {}, groups {}",
                 {to_text(shape_of_x(l)), to_text(shape_of_w(l)), to_text(l.options.stride), to_text(l.options.padding),
                  to_text(l.options.dilation), to_text(l.options.groups)});
}

}  // namespace s4l::test
