#pragma once
#include <cstdint>
#include <span>
#include <vector>

namespace s4l::data {

/// True for bytes that begin as a gzip file.
bool is_gzip(std::span<const std::uint8_t> bytes);
/// The first `count` bytes that a gzip file holds, or all where they are fewer: then its checksum has been compared.
/// Throws Error(data) if it is damaged. Allocates no more than `count` bytes.
std::vector<std::uint8_t> gunzip(std::span<const std::uint8_t> bytes, std::size_t count);

}  // namespace s4l::data
