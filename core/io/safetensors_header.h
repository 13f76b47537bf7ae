#pragma once
#include <map>
#include <string>
#include <vector>

#include "s4l/core/dtype.h"
#include "s4l/core/shape.h"

namespace s4l::io {

/// What the JSON header of a safetensors file says. For core/io/safetensors.cpp alone.
struct SafetensorsHeader {
  struct Entry {
    std::string name;
    DType dtype;
    Shape shape;
    std::int64_t begin, end;  ///< its bytes, counted from the end of the header
    std::string hash;         ///< SHA-256 of them; empty in files of other programs
  };
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;

  /// The entries in the order of their bytes.
  std::vector<const Entry*> in_order_of_bytes() const;
};

/// A name as it can stand in a message of one line.
std::string quoted(const std::string& name);
/// Throws Error(usage) if a name may not be used, comes twice, or is one of the format's own.
void check_names(const SafetensorsHeader& header);
/// The header's text with its own hash, padded to 8 bytes.
std::string write_header(const SafetensorsHeader& header);
/// Reads a header before `data_size` bytes of tensors; every fault is an Error(data) that names the part.
SafetensorsHeader parse_header(const std::string& text, std::uint64_t data_size);

}  // namespace s4l::io
