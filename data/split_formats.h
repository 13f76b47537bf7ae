#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "s4l/data/dataset.h"
#include "s4l/data/split.h"

namespace s4l::data {

/// How a split can be written down: `csv` (split.csv, with every role), and the three that name the labelled pictures
/// alone: `s4l` (JSON of file names, as the original program's label_map_count_*), `fixmatch` (JSON of places among
/// the training pictures) and `usb` (NumPy arrays of such places).
enum class SplitFormat : std::uint8_t { csv, s4l, fixmatch, usb };

/// Reads "csv", "s4l", "fixmatch" or "usb"; anything else is a usage error that shows these.
SplitFormat split_format_from(const std::string& name);

struct SplitFile {
  std::string name, content;
};
/// The files that hold `split` in a format, named as its own program names them (`seed` is part of some names).
std::vector<SplitFile> split_files(const Dataset& dataset, const Split& split, SplitFormat format, std::uint64_t seed);

/// Reads the content of any of these files, or a list of pictures' paths, one a line; which it is, is seen from the
/// content. Where the file names the labelled pictures alone, validation is carved from them as in make_split (the
/// budget is not used). A picture may be named by its path or, where that is unique, by its file name. Throws
/// Error(data) for a picture the data set lacks or that comes twice, and for a class without a label.
Split read_split(const Dataset& dataset, const std::string& content, const SplitOptions& options);

}  // namespace s4l::data
