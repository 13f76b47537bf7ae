#include "s4l/data/write_png.h"

#include <algorithm>

#include "s4l/core/error.h"
#include "s4l/core/io/file.h"

#define STB_IMAGE_WRITE_STATIC
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace s4l::data {

std::string png_bytes(const Image& image) {
  check(image.height >= 1 && image.width >= 1, "png: expected a picture with pixels, got {}x{}", image.height,
        image.width);
  std::string bytes;
  const auto append = [](void* context, void* part, int size) {
    static_cast<std::string*>(context)->append(static_cast<const char*>(part), static_cast<std::size_t>(size));
  };
  const int written = stbi_write_png_to_func(append, &bytes, image.width, image.height, image.channels,
                                             image.pixels.data(), image.width * image.channels);
  check(written != 0, "png: expected memory for {}x{} pixels, got none", image.height, image.width);
  return bytes;
}

void write_png(const std::string& path, const Image& image) { io::save_atomically(path, png_bytes(image)); }

Image contact_sheet(std::span<const Image> images, int columns, int gap) {
  check(!images.empty() && columns >= 1 && gap >= 0, "contact_sheet: expected pictures and columns, got {} and {}",
        images.size(), columns);
  const Image& first = images.front();
  const int across = std::min(columns, static_cast<int>(images.size()));
  const int down = (static_cast<int>(images.size()) + columns - 1) / columns;
  Image sheet(gap + down * (first.height + gap), gap + across * (first.width + gap));
  std::fill(sheet.pixels.begin(), sheet.pixels.end(), std::uint8_t{255});
  for (std::size_t i = 0; i < images.size(); ++i) {
    const Image& image = images[i];
    check(image.height == first.height && image.width == first.width && image.channels == 3,
          "contact_sheet: expected pictures of {}x{}x3, got {}x{}x{}", first.height, first.width, image.height,
          image.width, image.channels);
    const int top = gap + static_cast<int>(i) / columns * (first.height + gap);
    const int left = gap + static_cast<int>(i) % columns * (first.width + gap);
    for (int y = 0; y < image.height; ++y)
      std::copy_n(image.at(y, 0), static_cast<std::ptrdiff_t>(image.width) * 3, sheet.at(top + y, left));
  }
  return sheet;
}

}  // namespace s4l::data
