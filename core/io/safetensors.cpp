#include "s4l/core/io/safetensors.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "s4l/core/io/file.h"
#include "s4l/core/io/json.h"
#include "s4l/core/io/sha256.h"

namespace s4l::io {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeader = 100'000'000;
constexpr std::size_t kMaxName = 1024;
constexpr std::size_t kDigits = 64;
constexpr const char* kMetadata = "__metadata__";
constexpr std::string_view kHashKey = "sha256:";
/// How each header with hashes starts: so the place of its own hash is known without a second parser.
constexpr std::string_view kHashedStart = R"({"__metadata__":{"sha256":")";

struct TypeName {
  DType dtype;
  std::string_view name;
};
constexpr std::array<TypeName, 7> kTypes = {{{DType::f32, "F32"},
                                             {DType::f64, "F64"},
                                             {DType::bf16, "BF16"},
                                             {DType::f16, "F16"},
                                             {DType::i64, "I64"},
                                             {DType::i32, "I32"},
                                             {DType::u8, "U8"}}};

/// One tensor of a header; its bytes are [begin, end) after the header.
struct Entry {
  std::string name;
  DType dtype;
  Shape shape;
  std::int64_t begin, end;
};

/// A name as it can stand in a message of one line.
std::string quoted(const std::string& name) { return Json(name).dump(); }

/// Why `name` may not name a tensor; empty if it may.
std::string objection_to(const std::string& name) {
  if (name.size() > kMaxName)
    return fill_in("tensor name: expected at most {} bytes, got {}", {to_text(kMaxName), to_text(name.size())});
  if (name == kMetadata || name.starts_with('/') || name.find("..") != name.npos || name.find('\0') != name.npos)
    return fill_in("tensor name: expected none that is absolute or holds \"..\" or NUL, got {}", {quoted(name)});
  return {};
}

/// Runs `body`; an error of kind data then says that it was in `part`.
template <class Body>
auto within(const std::string& part, Body body) {
  try {
    return body();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) throw;
    throw Error(part + ": " + error.what(), ErrorKind::data);
  }
}

// --- writing ----------------------------------------------------------------------------------------------

std::string_view bytes_of(const Tensor& x) { return {static_cast<const char*>(x.raw()), x.bytes()}; }

void check_writable(const TensorFile& file) {
  std::set<std::string_view> names;
  for (const auto& [name, tensor] : file.tensors) {
    const std::string objection = objection_to(name);
    check(objection.empty(), "save_tensors: {}", objection);
    check(names.insert(name).second, "save_tensors: expected each name once, got {} twice", quoted(name));
    check(static_cast<bool>(tensor), "save_tensors: expected a tensor for {}, got an empty one", quoted(name));
  }
  for (const auto& [key, value] : file.metadata)
    check(key != "sha256" && !key.starts_with(kHashKey),
          "save_tensors: expected no metadata named {}: it is the format's own", quoted(key));
}

/// The place of each tensor among the bytes: large elements first, so that all are aligned as PyTorch needs them.
std::vector<std::size_t> places_of(const std::vector<Tensor>& tensors) {
  std::vector<std::size_t> order(tensors.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return size_of(tensors[a].dtype()) > size_of(tensors[b].dtype());
  });
  return order;
}

Json entry_of(const Tensor& x, std::int64_t begin) {
  const auto* type = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& t) { return t.dtype == x.dtype(); });
  Json::Array shape;
  for (int i = 0; i < x.shape().rank; ++i) shape.emplace_back(x.shape()[i]);
  const std::int64_t end = begin + static_cast<std::int64_t>(x.bytes());
  return Json::Object{{"dtype", std::string(type->name)}, {"shape", shape}, {"data_offsets", Json::Array{begin, end}}};
}

/// The header with all hashes, padded to 8 bytes.
std::string header_of(const TensorFile& file, const std::vector<Tensor>& tensors,
                      const std::vector<std::size_t>& order) {
  Json::Object metadata = {{"sha256", std::string(kDigits, '0')}};
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const std::string_view bytes = bytes_of(tensors[i]);
    metadata.emplace_back(std::string(kHashKey) + file.tensors[i].first, sha256(bytes.data(), bytes.size()));
  }
  for (const auto& [key, value] : file.metadata) metadata.emplace_back(key, value);

  std::vector<std::int64_t> begins(tensors.size());
  std::int64_t begin = 0;
  for (const std::size_t i : order) {
    begins[i] = begin;
    begin += static_cast<std::int64_t>(tensors[i].bytes());
  }
  Json::Object header = {{kMetadata, std::move(metadata)}};
  for (std::size_t i = 0; i < tensors.size(); ++i)
    header.emplace_back(file.tensors[i].first, entry_of(tensors[i], begins[i]));

  std::string text = Json(std::move(header)).dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  text.replace(kHashedStart.size(), kDigits, sha256(text));
  return text;
}

// --- reading ----------------------------------------------------------------------------------------------

std::string read_header(InputFile& file) {
  if (file.size() < kLengthBytes)
    fail(ErrorKind::data, "expected a safetensors file, got one of {} bytes", file.size());
  unsigned char bytes[kLengthBytes];
  file.read(bytes, kLengthBytes);
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) length = length << 8 | bytes[i];
  const std::uint64_t most = std::min(kMaxHeader, file.size() - kLengthBytes);
  if (length > most) fail(ErrorKind::data, "header length: expected at most {} bytes, got {}", most, length);
  std::string text(length, '\0');
  file.read(text.data(), text.size());
  return text;
}

DType dtype_from(const std::string& name) {
  for (const auto& type : kTypes)
    if (type.name == name) return type.dtype;
  fail(ErrorKind::data, "dtype: expected F32, F64, BF16, F16, I64, I32 or U8, got {}", quoted(name));
}

Shape shape_from(const Json::Array& sizes) {
  Shape shape;
  if (sizes.size() > Shape::kMaxRank)
    fail(ErrorKind::data, "shape: expected at most {} sizes, got {}", Shape::kMaxRank, sizes.size());
  for (const Json& size : sizes) shape[shape.rank++] = size.integer();
  return shape;
}

/// Bytes of a tensor; sizes that are negative or overflow are errors.
std::int64_t byte_count(const Shape& shape, DType dtype) {
  auto bytes = static_cast<std::int64_t>(size_of(dtype));
  for (int i = 0; i < shape.rank; ++i)
    if (shape[i] < 0 || __builtin_mul_overflow(bytes, shape[i], &bytes))
      fail(ErrorKind::data, "shape: expected sizes of 0 or more that fit 64 bits together, got {}", shape);
  return bytes;
}

Entry entry_from(const std::string& name, const Json& json) {
  Entry entry{name, dtype_from(json.at("dtype").string()), shape_from(json.at("shape").array()), 0, 0};
  const auto& offsets = json.at("data_offsets").array();
  if (offsets.size() != 2) fail(ErrorKind::data, "data_offsets: expected two, got {}", offsets.size());
  entry.begin = offsets[0].integer();
  entry.end = offsets[1].integer();
  const std::int64_t bytes = byte_count(entry.shape, entry.dtype);
  if (entry.begin < 0 || entry.end < entry.begin || entry.end - entry.begin != bytes)
    fail(ErrorKind::data, "data_offsets: expected {} bytes for {} {}, got {} to {}", bytes, entry.dtype, entry.shape,
         entry.begin, entry.end);
  return entry;
}

std::vector<Entry> entries_of(const Json& header) {
  std::vector<Entry> entries;
  for (const auto& [name, json] : header.object()) {
    if (name == kMetadata) continue;
    if (const std::string objection = objection_to(name); !objection.empty()) fail(ErrorKind::data, "{}", objection);
    entries.push_back(
        within("tensor " + quoted(name), [&key = name, &value = json] { return entry_from(key, value); }));
  }
  return entries;
}

std::map<std::string, std::string> metadata_of(const Json& header) {
  std::map<std::string, std::string> metadata;
  if (const Json* json = header.find(kMetadata))
    for (const auto& [key, value] : json->object())
      metadata[key] = within("metadata " + quoted(key), [&value = value] { return value.string(); });
  return metadata;
}

/// The entries in the order of their bytes, which must fill `size` bytes from the first to the last.
std::vector<const Entry*> in_order_of_bytes(const std::vector<Entry>& entries, std::uint64_t size) {
  std::vector<const Entry*> order;
  for (const Entry& entry : entries) order.push_back(&entry);
  // Headers of older PyTorch files go by name, their bytes by type.
  std::stable_sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::int64_t end = 0;
  for (const Entry* entry : order) {
    if (entry->begin != end)
      fail(ErrorKind::data, "tensor {}: data_offsets: expected to begin at {}, got {}", quoted(entry->name), end,
           entry->begin);
    end = entry->end;
  }
  if (static_cast<std::uint64_t>(end) != size)
    fail(ErrorKind::data, "expected {} bytes after the header, got {}", end, size);
  return order;
}

void compare_hash(const std::string& part, const std::string& actual, const std::string& expected) {
  if (actual != expected)
    fail(ErrorKind::data, "{}: damaged: expected SHA-256 {}, got {}", part, quoted(expected), actual);
}

/// Checks a header's own hash; whether the file has hashes at all.
bool check_header_hash(std::string text, const std::map<std::string, std::string>& metadata) {
  const auto hash = metadata.find("sha256");
  const auto first = metadata.lower_bound(std::string(kHashKey));
  const bool of_tensors = first != metadata.end() && first->first.starts_with(kHashKey);
  if (!text.starts_with(kHashedStart)) {
    if (of_tensors) fail(ErrorKind::data, "header: damaged: expected its SHA-256 first, got something else");
    return false;
  }
  if (hash->second.size() != kDigits)
    fail(ErrorKind::data, "header: damaged: expected a SHA-256, got {}", quoted(hash->second));
  text.replace(kHashedStart.size(), kDigits, kDigits, '0');
  compare_hash("header", sha256(text), hash->second);
  return true;
}

TensorFile read(InputFile& file) {
  const std::string text = read_header(file);
  const Json header = within("header", [&] { return parse_json(text); });
  const std::vector<Entry> entries = entries_of(header);
  const auto order = in_order_of_bytes(entries, file.size() - kLengthBytes - text.size());
  TensorFile content{{}, metadata_of(header)};
  const bool hashed = check_header_hash(text, content.metadata);

  for (const Entry& entry : entries) content.tensors.emplace_back(entry.name, empty(entry.shape, entry.dtype));
  for (const Entry* entry : order) {
    const Tensor& tensor = content.tensors[static_cast<std::size_t>(entry - entries.data())].second;
    file.read(tensor.raw(), tensor.bytes());
    if (!hashed) continue;
    auto hash = content.metadata.extract(std::string(kHashKey) + entry->name);
    compare_hash("tensor " + quoted(entry->name), sha256(tensor.raw(), tensor.bytes()),
                 hash.empty() ? "none" : hash.mapped());
  }
  if (hashed) content.metadata.erase("sha256");
  return content;
}

}  // namespace

const Tensor* TensorFile::find(const std::string& name) const {
  for (const auto& [other, tensor] : tensors)
    if (other == name) return &tensor;
  return nullptr;
}

void save_tensors(const std::string& path, const TensorFile& file) {
  check_writable(file);
  std::vector<Tensor> tensors;
  for (const auto& [name, tensor] : file.tensors) tensors.push_back(to(tensor, kCpu));
  const std::vector<std::size_t> order = places_of(tensors);
  const std::string header = header_of(file, tensors, order);
  std::string length;
  for (std::size_t i = 0; i < kLengthBytes; ++i) length += static_cast<char>(header.size() >> (8 * i));

  std::vector<std::string_view> parts = {length, header};
  for (const std::size_t i : order) parts.push_back(bytes_of(tensors[i]));
  save_atomically(path, parts);
}

TensorFile load_tensors(const std::string& path) {
  InputFile file(path);
  return within(path, [&] { return read(file); });
}

}  // namespace s4l::io
