#include <catch2/catch.hpp>

#include <atomic>
#include <cerrno>

#include "s4l/core/error.h"
#include "s4l/core/io/file.h"
#include "s4l/data/dataset.h"
#include "s4l/data/decoded_cache.h"
#include "s4l/tests/data/pictures.h"

using namespace s4l;
using namespace s4l::data;
using Catch::Matchers::Contains;
using s4l::test::TemporaryFolder;
using s4l::test::write_file;

namespace {

/// Two classes of one training and one test picture each, 8 x 8.
DatasetOptions four_pictures(const TemporaryFolder& root) {
  std::uint64_t seed = 0;
  for (const char* path : {"train/a/1.jpg", "train/b/1.jpg", "test/a/1.jpg", "test/b/1.jpg"})
    write_file(root / path, test::write_jpeg(test::test_picture(8, 8, seed++)));
  DatasetOptions options;
  options.root = root.path().string();
  return options;
}

struct CountedReads {
  std::atomic<int> reads{0};
  explicit CountedReads(int refused = 0) {
    io::set_fault_hook([this, refused](io::Call call, const std::string&) {
      if (call != io::Call::read) return 0;
      return ++reads <= refused ? EIO : 0;
    });
  }
  ~CountedReads() { io::set_fault_hook({}); }
};

}  // namespace

TEST_CASE("decoded pictures are kept as far as the limit goes") {
  const TemporaryFolder root;
  DatasetOptions options = four_pictures(root);
  options.cache_bytes = 2 * 8 * 8 * 3 + 1;
  const auto dataset = open_dataset("image-folder", options);
  const CountedReads counted;
  for (int epoch = 0; epoch < 3; ++epoch)
    for (std::int64_t i = 0; i < dataset->size(); ++i)
      CHECK(dataset->image(i, {2, 1, 3, 4}).pixels.size() == 3 * 4 * 3);
  CHECK(counted.reads == 2 + 2 * 3);  // two are read once, two in each epoch
}

TEST_CASE("a decoded cache keeps the first pictures that fit") {
  const std::vector<Size> sizes{{2, 2}, {1, 1}, {5, 5}, {1, 1}};
  const DecodedCache cache(sizes, 15);
  CHECK(cache.keeps(0));
  CHECK(cache.keeps(1));
  CHECK_FALSE(cache.keeps(2));
  CHECK_FALSE(cache.keeps(3));
  CHECK_FALSE(DecodedCache(sizes, 0).keeps(0));
  CHECK_FALSE(DecodedCache().keeps(0));
}

TEST_CASE("storage that fails for a moment is asked again; what stays unreadable is a damaged picture") {
  const TemporaryFolder root;
  const auto dataset = open_dataset("image-folder", four_pictures(root));
  {
    const CountedReads counted(3);
    CHECK(dataset->whole_image(0).height == 8);
    CHECK(counted.reads == 4);
  }
  const CountedReads counted(1000);
  try {
    dataset->whole_image(1);
    FAIL("expected an error");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::data);
    CHECK_THAT(error.what(), Contains("train/b/1.jpg: ") && Contains("Input/output error"));
  }
  CHECK(counted.reads == 4);
}
