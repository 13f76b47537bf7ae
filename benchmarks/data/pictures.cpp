// How fast JPEG files become 224x224 crops for training: the pipeline against bare crop decoding by libjpeg of the same
// boxes, and against stb_image; then the loader with 1, 2, 4 threads. Rounds alternate, so that a busy machine slows
// all.
#include <cstdio>

#include <jpeglib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>

#include "s4l/core/error.h"
#include "s4l/data/cut.h"
#include "s4l/data/decode.h"
#include "s4l/data/loader.h"
#include "s4l/data/transforms/operations.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

using namespace s4l;
using namespace s4l::data;

namespace {

constexpr const char* kPipeline = "inception_crop|resize(224)|flip_lr|-1_to_1";
constexpr int kCropsEach = 4, kRounds = 9;
constexpr std::uint64_t kSeed = 7;

/// The JPEG files of a folder, read anew for every picture as data/datasets/image_folder.cpp does.
class Files final : public Dataset {
 public:
  explicit Files(const std::string& folder) {
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (has_picture_suffix(entry.path())) paths_.push_back(entry.path());
    check(!paths_.empty(), "bench_pictures: expected JPEG files in \"{}\"", folder);
    std::sort(paths_.begin(), paths_.end());
    for (const std::string& path : paths_) sizes_.push_back(picture_size(read_picture_file(path)));
  }
  std::int64_t size() const override { return std::ssize(paths_); }
  const std::vector<std::string>& class_names() const override { return names_; }
  Size image_size(std::int64_t i) const override { return sizes_[static_cast<std::size_t>(i)]; }
  Image image(std::int64_t i, Box box) const override { return decode(read_picture_file(path(i)), box); }
  std::int64_t label(std::int64_t) const override { return 0; }
  Part part(std::int64_t) const override { return Part::train; }
  std::string path(std::int64_t i) const override { return paths_[static_cast<std::size_t>(i)]; }

 private:
  std::vector<std::string> paths_, names_{"picture"};
  std::vector<Size> sizes_;
};

/// Nothing but libjpeg: rows and columns of the box, no checks, no resizing. Returns a byte of them.
int decode_bare(const std::vector<std::uint8_t>& file, Box box, std::vector<std::uint8_t>& row) {
  jpeg_decompress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&info);
  jpeg_mem_src(&info, file.data(), file.size());
  jpeg_read_header(&info, TRUE);
  info.out_color_space = info.num_components == 4 ? JCS_CMYK : JCS_RGB;
  jpeg_start_decompress(&info);
  auto left = static_cast<JDIMENSION>(box.left), width = static_cast<JDIMENSION>(box.width);
  jpeg_crop_scanline(&info, &left, &width);
  jpeg_skip_scanlines(&info, static_cast<JDIMENSION>(box.top));
  row.resize(static_cast<std::size_t>(info.output_width) * 4);
  std::uint8_t* rows[] = {row.data()};
  for (int y = 0; y < box.height; ++y) jpeg_read_scanlines(&info, rows, 1);
  jpeg_abort_decompress(&info);
  jpeg_destroy_decompress(&info);
  return row[0];
}

Image decode_stb(const std::vector<std::uint8_t>& file, Box box) {
  int width = 0, height = 0, channels = 0;
  std::uint8_t* pixels =
      stbi_load_from_memory(file.data(), static_cast<int>(file.size()), &width, &height, &channels, 3);
  check(pixels != nullptr, "bench_pictures: stb_image: {}", stbi_failure_reason());
  Image whole(height, width);
  std::copy_n(pixels, whole.pixels.size(), whole.pixels.begin());
  stbi_image_free(pixels);
  return cut(whole, box);
}

/// Crops a second, `each` called for every crop of a round.
double rate(const Files& files, const std::function<void(std::int64_t index, Rng rng)>& each) {
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < kCropsEach * files.size(); ++i)
    each(i % files.size(), Rng(kSeed, Purpose::augment, static_cast<std::uint64_t>(i)));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  return static_cast<double>(kCropsEach * files.size()) / seconds.count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void compare(const Files& files) {
  const Pipeline pipeline(kPipeline);
  std::vector<double> bare, ours, stb;
  std::vector<std::uint8_t> row;
  int sink = 0;
  for (int round = 0; round < kRounds; ++round) {
    bare.push_back(rate(files, [&](std::int64_t i, Rng rng) {
      sink += decode_bare(read_picture_file(files.path(i)), draw_inception_crop(files.image_size(i), rng), row);
    }));
    ours.push_back(rate(files, [&](std::int64_t i, Rng rng) {
      const Picture picture(files.image_size(i), [&](Box box) { return files.image(i, box); });
      sink += pipeline.run(picture, rng, true)[0].image.pixels[0];
    }));
    stb.push_back(rate(files, [&](std::int64_t i, Rng rng) {
      const Box box = draw_inception_crop(files.image_size(i), rng);
      sink += resize(decode_stb(read_picture_file(files.path(i)), box), {224, 224}).pixels[0];
    }));
  }
  std::printf("%-44s %9s\n", "one thread, median of rounds", "crops/s");
  std::printf("%-44s %9.0f\n", "bare libjpeg crop decoding, no resizing", median(bare));
  std::printf("%-44s %9.0f   %.2f of bare, %.2f of stb_image\n", kPipeline, median(ours), median(ours) / median(bare),
              median(ours) / median(stb));
  std::printf("%-44s %9.0f   (%d)\n", "stb_image, cut and resized alike", median(stb), sink & 1);
}

void scale(const Files& files) {
  Split split;
  for (std::int64_t i = 0; i < files.size(); ++i) split.labelled.push_back(i);
  double one = 0;
  for (const int workers : {1, 2, 4}) {
    std::vector<double> rates;
    LoaderOptions options;
    options.labelled = {32, {kPipeline}};
    options.workers = workers;
    options.prefetch = 8;
    Loader loader(files, split, options);
    for (int step = 0; step < 8; ++step) loader.next();
    constexpr int kSteps = 24;
    for (int round = 0; round < 3; ++round) {
      const auto start = std::chrono::steady_clock::now();
      for (int step = 0; step < kSteps; ++step) loader.next();
      rates.push_back(32 * kSteps / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
    if (workers == 1) one = median(rates);
    std::printf("loader, %d worker threads %30.0f   %.2f times one\n", workers, median(rates), median(rates) / one);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    check(argc == 2, "usage: bench_pictures FOLDER (of JPEG files)");
    const Files files(argv[1]);
    std::printf("%lld JPEG files, %d crops of each a round, %d rounds\n", static_cast<long long>(files.size()),
                kCropsEach, kRounds);
    compare(files);
    scale(files);
  } catch (const Error& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}
