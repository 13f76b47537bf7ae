#include "s4l/core/io/safetensors_header.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "s4l/core/io/json.h"
#include "s4l/core/io/sha256.h"

namespace s4l::io {
namespace {

using Entry = SafetensorsHeader::Entry;

constexpr std::size_t kMaxName = 1024;
constexpr std::size_t kDigits = 64;
constexpr const char* kMetadata = "__metadata__";
constexpr const char* kOwnHash = "sha256";
constexpr const char* kTensorHash = "sha256:";
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

std::string name_in_file(DType dtype) {
  const auto* type = std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& t) { return t.dtype == dtype; });
  return std::string(type->name);
}

Json json_of(const Entry& entry) {
  Json::Array shape;
  for (int i = 0; i < entry.shape.rank; ++i) shape.emplace_back(entry.shape[i]);
  return Json::Object{{"dtype", name_in_file(entry.dtype)},
                      {"shape", std::move(shape)},
                      {"data_offsets", Json::Array{entry.begin, entry.end}}};
}

// --- reading ----------------------------------------------------------------------------------------------

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
  Entry entry{name, dtype_from(json.at("dtype").string()), shape_from(json.at("shape").array()), 0, 0, {}};
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

/// The bytes of all tensors must fill `size` from the first to the last.
void check_places(const SafetensorsHeader& header, std::uint64_t size) {
  std::int64_t end = 0;
  for (const Entry* entry : header.in_order_of_bytes()) {
    if (entry->begin != end)
      fail(ErrorKind::data, "tensor {}: data_offsets: expected to begin at {}, got {}", quoted(entry->name), end,
           entry->begin);
    end = entry->end;
  }
  if (static_cast<std::uint64_t>(end) != size)
    fail(ErrorKind::data, "expected {} bytes after the header, got {}", end, size);
}

/// Moves the hashes from the metadata to the entries, if the file has any, after a check of the header's own.
void take_hashes(SafetensorsHeader& header, std::string text) {
  auto& metadata = header.metadata;
  if (!text.starts_with(kHashedStart)) {
    const auto first = metadata.lower_bound(kTensorHash);
    if (first != metadata.end() && first->first.starts_with(kTensorHash))
      fail(ErrorKind::data, "header: damaged: expected its SHA-256 first, got {}", quoted(text.substr(0, 32)));
    return;
  }
  const std::string expected = metadata.extract(kOwnHash).mapped();
  text.replace(kHashedStart.size(), kDigits, kDigits, '0');
  if (const std::string actual = sha256(text); actual != expected)
    fail(ErrorKind::data, "header: damaged: expected SHA-256 {}, got {}", quoted(expected), actual);
  for (Entry& entry : header.entries) {
    const auto hash = metadata.extract(kTensorHash + entry.name);
    if (hash.empty()) fail(ErrorKind::data, "tensor {}: expected a SHA-256, got none", quoted(entry.name));
    entry.hash = hash.mapped();
  }
}

}  // namespace

std::vector<const Entry*> SafetensorsHeader::in_order_of_bytes() const {
  std::vector<const Entry*> order;
  for (const Entry& entry : entries) order.push_back(&entry);
  // Headers of older PyTorch files go by name, their bytes by type.
  std::stable_sort(order.begin(), order.end(), [](const Entry* a, const Entry* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  return order;
}

std::string quoted(const std::string& name) { return Json(name).dump(); }

void check_names(const SafetensorsHeader& header) {
  std::set<std::string_view> names;
  for (const Entry& entry : header.entries) {
    const std::string objection = objection_to(entry.name);
    check(objection.empty(), "save_tensors: {}", objection);
    check(names.insert(entry.name).second, "save_tensors: expected each name once, got {} twice", quoted(entry.name));
  }
  for (const auto& [key, value] : header.metadata)
    check(key != kOwnHash && !key.starts_with(kTensorHash),
          "save_tensors: expected no metadata named {}: it is the format's own", quoted(key));
}

std::string write_header(const SafetensorsHeader& header) {
  Json::Object metadata = {{kOwnHash, std::string(kDigits, '0')}};
  for (const Entry& entry : header.entries) metadata.emplace_back(kTensorHash + entry.name, entry.hash);
  for (const auto& [key, value] : header.metadata) metadata.emplace_back(key, value);
  Json::Object object = {{kMetadata, std::move(metadata)}};
  for (const Entry& entry : header.entries) object.emplace_back(entry.name, json_of(entry));

  std::string text = Json(std::move(object)).dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  text.replace(kHashedStart.size(), kDigits, sha256(text));
  return text;
}

SafetensorsHeader parse_header(const std::string& text, std::uint64_t data_size) {
  const Json json = within("header", [&] { return parse_json(text); });
  SafetensorsHeader header{entries_of(json), metadata_of(json)};
  check_places(header, data_size);
  take_hashes(header, text);
  return header;
}

}  // namespace s4l::io
