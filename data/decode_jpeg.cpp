#include <csetjmp>
#include <cstdio>  // jpeglib.h needs FILE

#include <jpeglib.h>

#include <algorithm>

#include "s4l/core/error.h"
#include "s4l/data/decode_formats.h"

namespace s4l::data {
namespace {

/// libjpeg's state. It reports errors by longjmp: attempt() is the only place that returns from one, and the steps it
/// runs hold no object with a destructor.
class Decompressor {
 public:
  explicit Decompressor(const DecodeLimits& limits) : max_scans_(limits.jpeg_scans) {
    info.err = jpeg_std_error(&errors_);
    info.client_data = this;
    errors_.error_exit = [](j_common_ptr common) { self(common).give_up(); };
    errors_.emit_message = [](j_common_ptr common, int level) {
      if (level < 0) self(common).give_up();  // the vendor's advice: a warning means damaged data
    };
    progress_.progress_monitor = [](j_common_ptr common) { self(common).check_scans(); };
  }
  ~Decompressor() { jpeg_destroy_decompress(&info); }
  Decompressor(const Decompressor&) = delete;
  Decompressor& operator=(const Decompressor&) = delete;

  /// Runs a step; throws Error(data) with libjpeg's reason if it fails.
  template <class Step>
  void attempt(const Step& step) {
    if (setjmp(jump_) != 0) fail(ErrorKind::data, "JPEG: {}", message_);
    step(*this);
  }

  void create(Bytes bytes, const DecodeLimits& limits) {
    jpeg_create_decompress(&info);  // clears what is not the error manager
    info.client_data = this;
    info.progress = &progress_;
    info.mem->max_memory_to_use = static_cast<long>(limits.decoded_bytes);
    jpeg_mem_src(&info, bytes.data(), static_cast<unsigned long>(bytes.size()));
  }

  jpeg_decompress_struct info{};

 private:
  static Decompressor& self(j_common_ptr common) { return *static_cast<Decompressor*>(common->client_data); }

  [[noreturn]] void give_up() {
    info.err->format_message(reinterpret_cast<j_common_ptr>(&info), message_);
    std::longjmp(jump_, 1);
  }
  void check_scans() {
    if (info.input_scan_number <= max_scans_) return;
    std::snprintf(message_, sizeof message_, "expected at most %d scans", max_scans_);
    std::longjmp(jump_, 1);
  }

  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  std::jmp_buf jump_{};
  int max_scans_;
  char message_[JMSG_LENGTH_MAX] = "";
};

/// Adobe stores CMYK inverted, 255 for no ink.
void cmyk_to_rgb(const std::uint8_t* cmyk, int count, bool inverted, std::uint8_t* rgb) {
  const int flip = inverted ? 0 : 255;
  for (int i = 0; i < count; ++i, cmyk += 4, rgb += 3)
    for (int c = 0; c < 3; ++c) rgb[c] = static_cast<std::uint8_t>(((cmyk[c] ^ flip) * (cmyk[3] ^ flip) + 127) / 255);
}

/// Decodes the rows and columns of a box of the stored picture.
struct DecodeBox {
  Bytes bytes;
  const DecodeLimits& limits;
  Size stored;
  Box box;
  std::uint8_t* pixels;

  void operator()(Decompressor& decompressor) const {
    decompressor.create(bytes, limits);
    jpeg_decompress_struct& info = decompressor.info;
    jpeg_read_header(&info, TRUE);
    // Stray markers can make libjpeg find another frame header than the one that was checked.
    if (info.image_height != static_cast<JDIMENSION>(stored.height) ||
        info.image_width != static_cast<JDIMENSION>(stored.width))
      fail(ErrorKind::data, "JPEG: the header is damaged");
    const bool cmyk = info.jpeg_color_space == JCS_CMYK || info.jpeg_color_space == JCS_YCCK;
    info.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    info.do_block_smoothing = FALSE;  // it would look beyond the box
    jpeg_start_decompress(&info);
    const int skip = start_box(info);
    JSAMPARRAY row = info.mem->alloc_sarray(reinterpret_cast<j_common_ptr>(&info), JPOOL_IMAGE,
                                            info.output_width * static_cast<JDIMENSION>(info.output_components), 1);
    for (int y = 0; y < box.height; ++y) {
      jpeg_read_scanlines(&info, row, 1);
      const std::uint8_t* from = row[0] + static_cast<std::ptrdiff_t>(skip) * info.output_components;
      std::uint8_t* to = pixels + static_cast<std::ptrdiff_t>(y) * box.width * 3;
      if (cmyk)
        cmyk_to_rgb(from, box.width, info.saw_Adobe_marker != 0, to);
      else
        std::copy_n(from, static_cast<std::ptrdiff_t>(box.width) * 3, to);
    }
  }

  /// Skips to the box and returns how many columns of each row lie left of it. Chroma upsampling reads one chroma
  /// sample beyond each side, so that much more is decoded there: the pixels are those of the full decode.
  int start_box(jpeg_decompress_struct& info) const {
    const int margin = info.max_h_samp_factor;
    JDIMENSION left = static_cast<JDIMENSION>(std::max(0, box.left - margin));
    const int right = std::min(static_cast<int>(info.output_width), box.left + box.width + margin);
    JDIMENSION width = static_cast<JDIMENSION>(right) - left;
    if (width < info.output_width) jpeg_crop_scanline(&info, &left, &width);
    if (box.top > 0) jpeg_skip_scanlines(&info, static_cast<JDIMENSION>(box.top));
    return box.left - static_cast<int>(left);
  }
};

}  // namespace

Image decode_jpeg(Bytes bytes, Size stored, Box box, const DecodeLimits& limits) {
  Image image(box.height, box.width);
  Decompressor decompressor(limits);
  const DecodeBox step{bytes, limits, stored, box, image.pixels.data()};
  decompressor.attempt(step);
  return image;
}

}  // namespace s4l::data
