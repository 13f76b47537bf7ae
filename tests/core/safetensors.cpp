#include "s4l/core/io/safetensors.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>

#include "s4l/core/io/file.h"
#include "s4l/core/io/json.h"
#include "s4l/core/io/sha256.h"
#include "s4l/core/rng.h"
#include "s4l/tests/core/faults.h"
#include "s4l/tests/core/new_folder.h"

using namespace s4l;
using namespace s4l::test;
using io::load_tensors;
using io::save_tensors;
using io::TensorFile;

namespace {

std::string bytes_of(const Tensor& x) { return {static_cast<const char*>(x.raw()), x.bytes()}; }

bool same(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() && bytes_of(a) == bytes_of(b);
}

TensorFile one_of_each_type() {
  TensorFile file;
  file.tensors = {{"u8", from_values(std::vector<std::uint8_t>{1, 2, 255}, {3})},
                  {"layer.0.weight", from_values(std::vector<float>{1, -2, 0.5f, 1e-30f, 5, 6}, {1, 2, 3})},
                  {"nothing", empty({0, 4}, DType::f64)},
                  {"f64", from_values(std::vector<double>{0.1, 1e300}, {2})},
                  {"bf16", from_values(std::vector<bf16>{bf16(0.5f)}, {1})},
                  {"f16", from_values(std::vector<f16>{f16(1.5f), f16(-2.0f)}, {2, 1})},
                  {"step", from_values(std::vector<std::int64_t>{-7}, {})},
                  {"i32", from_values(std::vector<std::int32_t>{-5, 5}, {2})}};
  file.metadata = {{"model", "resnet-18"}, {"names", "[\"caf\xc3\xa9\",\"a\\\"b\"]"}, {"empty", ""}};
  return file;
}

void write(const std::string& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

/// A safetensors file of any header, right or wrong.
std::string file_bytes(const std::string& header, const std::string& data) {
  const std::uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

std::string refusal_of(const std::string& path) {
  const std::string message = message_of([&] { load_tensors(path); }, ErrorKind::data);
  CHECK_THAT(message, Catch::StartsWith(path + ": "));
  return message;
}

/// Where the bytes of the tensors begin.
std::size_t header_end(const std::string& bytes) {
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  return 8 + length;
}

}  // namespace

TEST_CASE("tensors of every type and the metadata come back as they were, in their order") {
  const NewFolder folder;
  const TensorFile file = one_of_each_type();
  save_tensors(folder / "a", file);
  const TensorFile back = load_tensors(folder / "a");
  REQUIRE(back.tensors.size() == file.tensors.size());
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    CHECK(back.tensors[i].first == file.tensors[i].first);
    CHECK(same(back.tensors[i].second, file.tensors[i].second));
  }
  CHECK(back.metadata == file.metadata);
  CHECK(same(*back.find("f64"), *file.find("f64")));
  CHECK(back.find("f65") == nullptr);
  save_tensors(folder / "b", back);
  CHECK(io::read_file(folder / "b") == io::read_file(folder / "a"));
  save_tensors(folder / "none", {});
  CHECK(load_tensors(folder / "none").tensors.empty());
}

TEST_CASE("the bytes of the tensors are aligned to their type, as PyTorch needs them") {
  const NewFolder folder;
  save_tensors(folder / "a", one_of_each_type());
  const std::string bytes = io::read_file(folder / "a");
  CHECK(header_end(bytes) % 8 == 0);
  const io::Json header = io::parse_json(bytes.substr(8, header_end(bytes) - 8));
  for (const auto& [name, tensor] : one_of_each_type().tensors)
    CHECK(static_cast<std::size_t>(header.at(name).at("data_offsets").array()[0].integer()) % size_of(tensor.dtype()) ==
          0);
}

TEST_CASE("a file written by PyTorch's safetensors 0.8 loads") {
  const NewFolder folder;
  const char data[] =
      "\x07\0\0\0\0\0\0\0\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40\xfb\xff\xff\xff\0\x3f\0\x3e\0\xc0\x01\x02\xff";
  write(folder / "py", file_bytes(R"({"__metadata__":{"format":"pt"},)"
                                  R"("n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
                                  R"("d":{"dtype":"F64","shape":[0,3],"data_offsets":[8,8]},)"
                                  R"("z.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[8,24]},)"
                                  R"("i":{"dtype":"I32","shape":[1],"data_offsets":[24,28]},)"
                                  R"("b.bf":{"dtype":"BF16","shape":[1],"data_offsets":[28,30]},)"
                                  R"("a.half":{"dtype":"F16","shape":[2],"data_offsets":[30,34]},)"
                                  R"("u":{"dtype":"U8","shape":[3],"data_offsets":[34,37]}}  )",
                                  std::string(data, 37)));
  const TensorFile file = load_tensors(folder / "py");
  CHECK(values_of<std::int64_t>(*file.find("n")) == std::vector<std::int64_t>{7});
  CHECK(file.find("d")->shape() == Shape{0, 3});
  CHECK(values_of<float>(*file.find("z.weight")) == std::vector<float>{1, 2, 3, 4});
  CHECK(values_of<std::int32_t>(*file.find("i")) == std::vector<std::int32_t>{-5});
  CHECK(static_cast<float>(values_of<bf16>(*file.find("b.bf"))[0]) == 0.5f);
  CHECK(static_cast<float>(values_of<f16>(*file.find("a.half"))[1]) == -2.0f);
  CHECK(values_of<std::uint8_t>(*file.find("u")) == std::vector<std::uint8_t>{1, 2, 255});
  CHECK(file.metadata == std::map<std::string, std::string>{{"format", "pt"}});
}

TEST_CASE("a header whose order is not that of the bytes loads, as older PyTorch files have it") {
  const NewFolder folder;
  write(folder / "a", file_bytes(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[4,5]},)"
                                 R"("b":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}})",
                                 std::string("\x03\0\0\0\x09", 5)));
  const TensorFile file = load_tensors(folder / "a");
  CHECK(file.tensors[0].first == "a");
  CHECK(values_of<std::uint8_t>(file.tensors[0].second)[0] == 9);
  CHECK(values_of<std::int32_t>(file.tensors[1].second)[0] == 3);
}

TEST_CASE("wrong headers are refused, with the file and what was wrong, before memory is taken") {
  const auto tensor = [](const std::string& shape, const std::string& offsets) {
    return R"({"a":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}";
  };
  const std::string two =
      R"({"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":)";
  struct Wrong {
    std::string header, message;
  };
  const std::vector<Wrong> files = {
      {tensor("[4194305,4194305,211106198978564]", "[0,16]"), "fit 64 bits"},  // a product that overflows to 4
      {tensor("[4611686018427387904,4,0]", "[0,0]"), "fit 64 bits"},
      {tensor("[2]", "[0,16]"), "expected 8 bytes for f32 (2), got 0 to 16"},
      {tensor("[4]", "[-16,0]"), "got -16 to 0"},
      {tensor("[4]", "[16,0]"), "got 16 to 0"},
      {tensor("[4]", "[16,-9223372036854775808]"), "got 16 to -9223372036854775808"},
      {tensor("[-4]", "[0,16]"), "(-4)"},
      {tensor("[-2,-2]", "[0,16]"), "(-2, -2)"},
      {tensor("[4]", "[18446744073709551600,16]"), "expected an integer"},
      {tensor("[4]", "[0,16.0]"), "expected an integer"},
      {tensor("[4.0]", "[0,16]"), "expected an integer"},
      {tensor("[4]", "[0,16,16]"), "expected two"},
      {tensor("4", "[0,16]"), "expected an array"},
      {tensor("[1,1,1,1,1,1,4]", "[0,16]"), "at most 6 sizes, got 7"},
      {tensor("[5]", "[0,20]"), "expected 20 bytes after the header, got 16"},
      {tensor("[3]", "[0,12]"), "expected 12 bytes after the header, got 16"},  // rest at the end
      {tensor("[3]", "[4,16]"), "expected to begin at 0, got 4"},               // gap at the start
      {two + "[7,15]}}", "expected to begin at 8, got 7"},                      // overlap
      {two + "[0,8]}}", "expected to begin at 8, got 0"},                       // twice the same bytes
      {two + "[9,17]}}", "expected to begin at 8, got 9"},                      // gap
      {R"({"a":{"dtype":"F8","shape":[4],"data_offsets":[0,16]}})", "got \"F8\""},
      {R"({"a":{"shape":[4],"data_offsets":[0,16]}})", "\"dtype\""},
      {R"({"a":[]})", "expected an object"},
      {R"([1])", "expected an object"},
      {R"({"a":1,"a":1})", "\"a\" twice"},
      {R"({"__metadata__":{"a":1}})", "metadata \"a\""},
      {R"({"__metadata__":[]})", "expected an object"},
      {R"({"__metadata__":{"sha256:a":"00"}})", "header: damaged"},
      {R"({"__metadata__":{"sha256":"00"}})", "expected SHA-256 \"00\""},
      {"", "header: json"},
      {std::string(100000, '['), "header: json"},
      {"{\"a\xff\":1}", "header: json"},
  };
  const NewFolder folder;
  for (const auto& [header, message] : files) {
    CAPTURE(header);
    const std::string data(header.starts_with("{\"__meta") ? 0 : 16, 'x');
    write(folder / "a", file_bytes(header, data));
    CHECK_THAT(refusal_of(folder / "a"), Catch::Contains(message));
  }
}

TEST_CASE("tensor names that are absolute, too long, or hold .. or NUL are refused in both directions") {
  const NewFolder folder;
  for (const std::string& name : {std::string("/etc/passwd"), std::string("../x"), std::string("a/../b"),
                                  std::string("a\0b", 3), std::string(1025, 'a'), std::string(10240, 'a')}) {
    write(folder / "a", file_bytes(io::Json(io::Json::Object{{name, io::Json::Object{}}}).dump(), ""));
    CHECK_THAT(refusal_of(folder / "a"), Catch::Contains("tensor name"));
    CHECK_THROWS_AS(save_tensors(folder / "b", {{{name, zeros({1})}}, {}}), Error);
  }
  save_tensors(folder / "b", {{{std::string(1024, 'a'), zeros({1})}}, {}});
  CHECK(load_tensors(folder / "b").tensors.size() == 1);
}

TEST_CASE("what cannot be saved is refused: a name twice, an empty tensor, metadata named as the hashes") {
  const NewFolder folder;
  CHECK_THROWS_WITH(save_tensors(folder / "a", {{{"x", zeros({1})}, {"x", zeros({1})}}, {}}), Catch::Contains("twice"));
  CHECK_THROWS_WITH(save_tensors(folder / "a", {{{"x", Tensor()}}, {}}), Catch::Contains("\"x\""));
  CHECK_THROWS_WITH(save_tensors(folder / "a", {{{"__metadata__", zeros({1})}}, {}}), Catch::Contains("__metadata__"));
  CHECK_THROWS_WITH(save_tensors(folder / "a", {{}, {{"sha256", ""}}}), Catch::Contains("sha256"));
  CHECK_THROWS_WITH(save_tensors(folder / "a", {{}, {{"sha256:x", ""}}}), Catch::Contains("sha256:x"));
  CHECK(folder.names().empty());
}

TEST_CASE("a lying header length is refused before memory is taken") {
  const NewFolder folder;
  for (const std::uint64_t length : std::vector<std::uint64_t>{3, 100'000'001, std::uint64_t{1} << 40, UINT64_MAX}) {
    write(folder / "a", std::string(reinterpret_cast<const char*>(&length), 8) + "{}");
    CHECK_THAT(refusal_of(folder / "a"), Catch::Contains("header length: expected at most 2 bytes"));
  }
  const std::uint64_t length = 100'000'001;
  write(folder / "a", std::string(reinterpret_cast<const char*>(&length), 8));
  REQUIRE(::truncate((folder / "a").c_str(), 200'000'000) == 0);  // a hole: no bytes on the disk
  CHECK_THAT(refusal_of(folder / "a"), Catch::Contains("expected at most 100000000 bytes, got 100000001"));
}

TEST_CASE("every single flipped bit of a file is found and named") {
  const NewFolder folder;
  const std::string path = folder / "a";
  save_tensors(path, one_of_each_type());
  const std::string whole = io::read_file(path);
  REQUIRE(whole.size() * 8 > 10000);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const auto put = [&](std::size_t at, char byte) { file.seekp(static_cast<std::streamoff>(at)).put(byte).flush(); };
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    put(bit / 8, static_cast<char>(whole[bit / 8] ^ 1 << bit % 8));
    std::string message;
    try {
      load_tensors(path);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::data) message = error.what();
    }
    CAPTURE(bit, message);
    const bool named = message.starts_with(path + ": ") &&
                       (bit / 8 < header_end(whole) || message.find(": tensor \"") != std::string::npos);
    if (!named) FAIL("not found or not named");
    put(bit / 8, whole[bit / 8]);
  }
  CHECK(load_tensors(path).tensors.size() == 8);
}

TEST_CASE("a file cut at any length, or with bytes added, is refused") {
  const NewFolder folder;
  const std::string path = folder / "a";
  save_tensors(path, one_of_each_type());
  const std::string whole = io::read_file(path);
  io::append(path, "x");
  CHECK_THAT(refusal_of(path), Catch::Contains("after the header"));
  for (std::size_t size = whole.size(); size-- > 0;) {
    REQUIRE(::truncate(path.c_str(), static_cast<off_t>(size)) == 0);
    REQUIRE_THROWS_AS(load_tensors(path), Error);
  }
}

TEST_CASE("bytes of tensors swapped with those of another file, or with each other, are found and named") {
  const NewFolder folder;
  for (const float value : {1.0f, 2.0f}) {
    const std::vector<float> numbers(5, value);
    save_tensors(folder / (value == 1 ? "a" : "b"),
                 {{{"x", from_values(numbers, {5})}, {"y", from_values(std::vector<float>(5, value + 2), {5})}}, {}});
  }
  const std::string a = io::read_file(folder / "a"), b = io::read_file(folder / "b");
  const std::size_t data = header_end(a);
  REQUIRE(data == header_end(b));
  write(folder / "c", a.substr(0, data + 20) + b.substr(data + 20));
  CHECK_THAT(refusal_of(folder / "c"), Catch::Contains("tensor \"y\": damaged"));
  write(folder / "c", a.substr(0, data) + b.substr(data));
  CHECK_THAT(refusal_of(folder / "c"), Catch::Contains("tensor \"x\": damaged"));
  write(folder / "c", a.substr(0, data) + a.substr(data + 20) + a.substr(data, 20));
  CHECK_THAT(refusal_of(folder / "c"), Catch::Contains("tensor \"x\": damaged"));
}

TEST_CASE("a tensor whose hash was taken out is refused, though the header's own hash is right") {
  const NewFolder folder;
  save_tensors(folder / "a", {{{"x", zeros({2})}, {"y", zeros({2})}}, {}});
  std::string bytes = io::read_file(folder / "a");
  std::string header = bytes.substr(8, header_end(bytes) - 8);
  header.replace(header.find("sha256:y"), 8, "sha255:y");
  const std::size_t digits = header.find("sha256\":\"") + 9;
  header.replace(digits, 64, 64, '0').replace(digits, 64, io::sha256(header));
  write(folder / "a", bytes.replace(8, header.size(), header));
  CHECK_THAT(refusal_of(folder / "a"), Catch::Contains("tensor \"y\": expected a SHA-256, got none"));
}

TEST_CASE("random tensors come back bit by bit") {
  const NewFolder folder;
  Rng rng(3, Purpose::test);
  for (int round = 0; round < 100; ++round) {
    TensorFile file;
    for (std::int64_t left = rng.below(5); left > 0; --left) {
      Shape shape;
      for (std::int64_t rank = rng.below(Shape::kMaxRank + 1); rank > 0; --rank) shape[shape.rank++] = rng.below(4);
      const Tensor x = empty(shape, static_cast<DType>(rng.below(7)));
      for (std::size_t i = 0; i < x.bytes(); ++i) static_cast<char*>(x.raw())[i] = static_cast<char>(rng.next());
      file.tensors.emplace_back("layer \"" + std::to_string(left) + "\"\n", x);
    }
    file.metadata = {{"round\t", std::to_string(round)}};
    save_tensors(folder / "a", file);
    const TensorFile back = load_tensors(folder / "a");
    REQUIRE(back.tensors.size() == file.tensors.size());
    for (const auto& [name, x] : file.tensors) REQUIRE(same(*back.find(name), x));
    REQUIRE(back.metadata == file.metadata);
  }
}
