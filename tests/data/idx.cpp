#include <catch2/catch.hpp>

#include <zlib.h>

#include "s4l/core/error.h"
#include "s4l/data/dataset.h"
#include "s4l/data/gunzip.h"
#include "s4l/data/idx.h"
#include "s4l/data/recognise.h"
#include "s4l/tests/core/faults.h"
#include "s4l/tests/data/pictures.h"

using namespace s4l;
using namespace s4l::data;
using Catch::Matchers::Contains;
using s4l::test::TemporaryFolder;
using s4l::test::write_file;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes idx(const std::vector<std::uint32_t>& shape, const Bytes& values) {
  Bytes bytes{0, 0, 8, static_cast<std::uint8_t>(shape.size())};
  for (const std::uint32_t size : shape)
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(size >> shift));
  bytes.insert(bytes.end(), values.begin(), values.end());
  return bytes;
}

Bytes gzip(const Bytes& content) {
  z_stream state{};
  deflateInit2(&state, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  Bytes bytes(content.size() + 100);
  state.next_in = const_cast<Bytef*>(content.data());
  state.avail_in = static_cast<uInt>(content.size());
  state.next_out = bytes.data();
  state.avail_out = static_cast<uInt>(bytes.size());
  REQUIRE(deflate(&state, Z_FINISH) == Z_STREAM_END);
  bytes.resize(state.total_out);
  deflateEnd(&state);
  return bytes;
}

std::string refusal(const Bytes& bytes, std::int64_t most = 1000) {
  return test::message_of([&] { read_idx(bytes, most); }, ErrorKind::data);
}

}  // namespace

TEST_CASE("an IDX file gives its shape and values, in gzip or not") {
  const Bytes plain = idx({2, 1, 3}, {1, 2, 3, 4, 5, 6});
  for (const Bytes& bytes : {plain, gzip(plain)}) {
    const IdxArray array = read_idx(bytes);
    CHECK(array.shape == std::vector<std::int64_t>{2, 1, 3});
    CHECK(array.values == Bytes{1, 2, 3, 4, 5, 6});
  }
}

TEST_CASE("an IDX file that lies is refused before anything is allocated") {
  const Bytes good = idx({2, 3}, {1, 2, 3, 4, 5, 6});
  CHECK_THAT(refusal(idx({0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF}, {})), Contains("at most 1000 values"));
  CHECK_THAT(refusal(idx({7}, {1})), Contains("expected 15 bytes as the header says, got 9"));
  CHECK_THAT(refusal(idx({1}, {1, 2})), Contains("got more"));
  CHECK_THAT(refusal({0, 0, 13, 1, 0, 0, 0, 0}), Contains("got type 13"));
  CHECK_THAT(refusal({0, 0, 8, 5}), Contains("1 to 4 dimensions, got 5"));
  CHECK_THAT(refusal({0, 0, 8, 2, 0, 0, 0, 1}), Contains("ends inside its header"));
  CHECK_THAT(refusal({1, 0}), Contains("expected an IDX file"));
  Bytes cut = gzip(good), flipped = gzip(good);
  cut.resize(cut.size() - 1);
  flipped[flipped.size() - 5] ^= 1;  // of the checksum
  CHECK_THAT(refusal(cut), Contains("truncated"));
  CHECK_THAT(refusal(flipped), Contains("gzip: incorrect data check"));
  const Bytes bomb = gzip(idx({1}, Bytes(1 << 20)));
  CHECK_THAT(refusal(bomb), Contains("got more"));
  CHECK(gunzip(bomb, 10).size() == 10);
}

TEST_CASE("MNIST's files are found, paired and read") {
  const TemporaryFolder root;
  write_file(root / "train-images-idx3-ubyte.gz", gzip(idx({3, 1, 2}, {1, 2, 3, 4, 5, 6})));
  write_file(root / "train-labels-idx1-ubyte.gz", gzip(idx({3}, {0, 2, 1})));
  write_file(root / "t10k-images-idx3-ubyte", idx({1, 2, 1}, {7, 8}));
  write_file(root / "t10k-labels-idx1-ubyte", idx({1}, {1}));
  CHECK(dataset_at(root.path()) == "idx");
  DatasetOptions options;
  options.root = root.path().string();
  const auto dataset = open_dataset("idx", options);
  CHECK(dataset->size() == 4);
  CHECK(dataset->class_names() == std::vector<std::string>{"0", "1", "2"});
  CHECK(dataset->label(1) == 2);
  CHECK(dataset->part(2) == Part::train);
  CHECK(dataset->part(3) == Part::test);
  CHECK(dataset->path(3) == "test/00000");
  CHECK(dataset->whole_image(1).pixels == Bytes{3, 3, 3, 4, 4, 4});
  CHECK(dataset->image_size(3) == Size{2, 1});
  CHECK(dataset->content_hash(0) != dataset->content_hash(1));
  write_file(root / "t10k-labels-idx1-ubyte", idx({2}, {1, 1}));
  CHECK_THROWS_WITH(open_dataset("idx", options), Contains("expected a label for each of 1 pictures, got 2"));
  std::filesystem::remove(root / "t10k-images-idx3-ubyte");
  CHECK_THROWS_WITH(open_dataset("idx", options), Contains("t10k-images-idx3-ubyte, found 0"));
}
