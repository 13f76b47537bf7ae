#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace s4l::data {

/// True for the content of a NumPy file.
bool is_npy(std::string_view content);
/// The numbers of a NumPy file that holds one row of 64 or 32 bit integers; throws Error(data) for anything else.
std::vector<std::int64_t> read_npy(std::string_view content);
/// The content of a NumPy file (version 1.0) with these numbers.
std::string npy(const std::vector<std::int64_t>& numbers);

}  // namespace s4l::data
