#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "s4l/core/tensor.h"

namespace s4l::io {

/// Named tensors and a text dictionary: what a safetensors file holds.
struct TensorFile {
  std::vector<std::pair<std::string, Tensor>> tensors;
  std::map<std::string, std::string> metadata;

  const Tensor* find(const std::string& name) const;
};

/// Writes `file` atomically in the safetensors format, which PyTorch opens. The metadata also get a SHA-256
/// of every tensor's bytes ("sha256:<name>") and one of the header ("sha256", computed with its own digits
/// as zeros); keys like these are the format's own and refused in `file`.
void save_tensors(const std::string& path, const TensorFile& file);
/// Reads a safetensors file into the memory of the CPU. Everything is checked before memory is taken: header
/// length (at most 100 MB), JSON, names, shapes without overflow, byte ranges equal to shape times type that
/// fill the file without gap or overlap; and the hashes where the file has them. An error is of kind data
/// and names the file and the first wrong part.
TensorFile load_tensors(const std::string& path);

}  // namespace s4l::io
