#include "s4l/tests/data/pictures.h"

#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include <jpeglib.h>

#include "s4l/core/rng.h"

namespace s4l::test {

data::Image test_picture(int height, int width, std::uint64_t seed) {
  data::Image image(height, width);
  Rng rng(seed, Purpose::test);
  const float phase = rng.uniform(0, 6);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        const float wave = std::sin(phase + static_cast<float>(c) + 0.3f * static_cast<float>(x + c * y));
        const float noise = (x / 8 + y / 8) % 2 == 0 ? rng.uniform(-60, 60) : 0;
        image.at(y, x)[c] = static_cast<std::uint8_t>(127.f + 60 * wave + noise);
      }
  return image;
}

namespace {

void set_up(jpeg_compress_struct& info, const data::Image& image, const JpegOptions& options) {
  info.image_width = static_cast<JDIMENSION>(image.width);
  info.image_height = static_cast<JDIMENSION>(image.height);
  info.input_components = options.channels;
  info.in_color_space = options.channels == 1 ? JCS_GRAYSCALE : options.channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, options.quality, TRUE);
  info.restart_interval = static_cast<unsigned>(options.restart);
  if (options.channels == 4) jpeg_set_colorspace(&info, options.ycck ? JCS_YCCK : JCS_CMYK);
  for (int c = 0; c < options.channels; c += 3) {  // luma and black; chroma stays at 1x1
    info.comp_info[c].h_samp_factor = options.h_samp;
    info.comp_info[c].v_samp_factor = options.v_samp;
  }
  if (options.progressive) jpeg_simple_progression(&info);
}

/// Row y as the file stores it: RGB, its green channel as grey, or inverted CMYK without black.
std::vector<std::uint8_t> stored_row(const data::Image& image, int y, int channels) {
  std::vector<std::uint8_t> row;
  for (int x = 0; x < image.width; ++x) {
    const std::uint8_t* rgb = image.at(y, x);
    if (channels == 1)
      row.push_back(rgb[1]);
    else
      row.insert(row.end(), rgb, rgb + 3);
    if (channels == 4) row.push_back(255);
  }
  return row;
}

}  // namespace

std::vector<std::uint8_t> write_jpeg(const data::Image& image, const JpegOptions& options) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &buffer, &size);
  set_up(info, image, options);
  jpeg_start_compress(&info, TRUE);
  if (!options.app1.empty())
    jpeg_write_marker(&info, JPEG_APP0 + 1, options.app1.data(), static_cast<unsigned>(options.app1.size()));
  for (int y = 0; y < image.height; ++y) {
    std::vector<std::uint8_t> row = stored_row(image, y, options.channels);
    JSAMPROW rows[] = {row.data()};
    jpeg_write_scanlines(&info, rows, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::vector<std::uint8_t> bytes(buffer, buffer + size);
  std::free(buffer);
  return bytes;
}

data::Image libjpeg_decode(const std::vector<std::uint8_t>& bytes) {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, bytes.data(), static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&info, TRUE);
  info.out_color_space = JCS_RGB;
  jpeg_start_decompress(&info);
  data::Image image(static_cast<int>(info.output_height), static_cast<int>(info.output_width));
  while (info.output_scanline < info.output_height) {
    JSAMPROW rows[] = {image.at(static_cast<int>(info.output_scanline), 0)};
    jpeg_read_scanlines(&info, rows, 1);
  }
  jpeg_destroy_decompress(&info);
  return image;
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

void write_file(const std::filesystem::path& path, const std::vector<std::uint8_t>& bytes) {
  write_file(path, std::string(bytes.begin(), bytes.end()));
}

TemporaryFolder::TemporaryFolder() {
  static std::atomic<int> count{0};
  const std::string name = "s4l-test-" + std::to_string(getpid()) + "-" + std::to_string(count++);
  path_ = std::filesystem::temp_directory_path() / name;
  std::filesystem::create_directories(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace s4l::test
