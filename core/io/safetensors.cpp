#include "s4l/core/io/safetensors.h"

#include <algorithm>
#include <string_view>

#include "s4l/core/io/file.h"
#include "s4l/core/io/safetensors_header.h"
#include "s4l/core/io/sha256.h"

namespace s4l::io {
namespace {

using Entry = SafetensorsHeader::Entry;

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kMaxHeader = 100'000'000;

std::string_view bytes_of(const Tensor& x) { return {static_cast<const char*>(x.raw()), x.bytes()}; }

/// The header for tensors on the host, their bytes not yet hashed.
SafetensorsHeader header_for(const std::vector<std::pair<std::string, Tensor>>& tensors) {
  SafetensorsHeader header;
  for (const auto& [name, x] : tensors) header.entries.push_back({name, x.dtype(), x.shape(), 0, 0, {}});
  std::vector<std::size_t> order(tensors.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  // Large elements first: all are aligned to their type, as PyTorch needs them.
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return size_of(header.entries[a].dtype) > size_of(header.entries[b].dtype);
  });
  std::int64_t place = 0;
  for (const std::size_t i : order) {
    header.entries[i].begin = place;
    header.entries[i].end = place += static_cast<std::int64_t>(tensors[i].second.bytes());
  }
  return header;
}

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

TensorFile read(InputFile& file) {
  const std::string text = read_header(file);
  SafetensorsHeader header = parse_header(text, file.size() - kLengthBytes - text.size());
  TensorFile content{{}, std::move(header.metadata)};
  for (const Entry& entry : header.entries) content.tensors.emplace_back(entry.name, empty(entry.shape, entry.dtype));
  for (const Entry* entry : header.in_order_of_bytes()) {
    const Tensor& tensor = content.tensors[static_cast<std::size_t>(entry - header.entries.data())].second;
    file.read(tensor.raw(), tensor.bytes());
    if (entry->hash.empty()) continue;
    if (const std::string actual = sha256(tensor.raw(), tensor.bytes()); actual != entry->hash)
      fail(ErrorKind::data, "tensor {}: damaged: expected SHA-256 {}, got {}", quoted(entry->name), quoted(entry->hash),
           actual);
  }
  return content;
}

}  // namespace

const Tensor* TensorFile::find(const std::string& name) const {
  for (const auto& [other, tensor] : tensors)
    if (other == name) return &tensor;
  return nullptr;
}

void save_tensors(const std::string& path, const TensorFile& file) {
  auto tensors = file.tensors;
  for (auto& [name, tensor] : tensors) {
    check(static_cast<bool>(tensor), "save_tensors: expected a tensor for {}, got an empty one", quoted(name));
    tensor = to(tensor, kCpu);
  }
  SafetensorsHeader header = header_for(tensors);
  header.metadata = file.metadata;
  check_names(header);
  for (std::size_t i = 0; i < tensors.size(); ++i)
    header.entries[i].hash = sha256(tensors[i].second.raw(), tensors[i].second.bytes());
  const std::string text = write_header(header);
  std::string length;
  for (std::size_t i = 0; i < kLengthBytes; ++i) length += static_cast<char>(text.size() >> (8 * i));

  std::vector<std::string_view> parts = {length, text};
  for (const Entry* entry : header.in_order_of_bytes())
    parts.push_back(bytes_of(tensors[static_cast<std::size_t>(entry - header.entries.data())].second));
  save_atomically(path, parts);
}

TensorFile load_tensors(const std::string& path) {
  InputFile file(path);
  try {
    return read(file);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) throw;
    throw Error(path + ": " + error.what(), ErrorKind::data);
  }
}

}  // namespace s4l::io
