// Pictures and files for the tests of data: generated, never shipped.
#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "s4l/data/image.h"

namespace s4l::test {

/// A picture with smooth and busy parts, different for each seed.
data::Image test_picture(int height, int width, std::uint64_t seed = 1);

struct JpegOptions {
  int quality = 90;
  int h_samp = 2, v_samp = 2;  ///< of luma: 2x2 is 4:2:0, 1x1 4:4:4
  bool progressive = false;
  int channels = 3;  ///< 1: grey, 3: RGB, 4: the picture as inverted CMYK (Adobe)
  int restart = 0;   ///< MCUs between restart markers
  std::vector<std::uint8_t> app1 = {};
  bool ycck = true;  ///< how 4 channels are stored, else as CMYK
};
std::vector<std::uint8_t> write_jpeg(const data::Image& image, const JpegOptions& options = {});
/// What libjpeg decodes without any of our code, as RGB.
data::Image libjpeg_decode(const std::vector<std::uint8_t>& bytes);

void write_file(const std::filesystem::path& path, const std::vector<std::uint8_t>& bytes);
void write_file(const std::filesystem::path& path, const std::string& text);

/// A new empty folder, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace s4l::test
