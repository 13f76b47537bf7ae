#include <filesystem>

#include <fmt/format.h>

#include "s4l/apps/commands.h"
#include "s4l/apps/exit_code.h"
#include "s4l/apps/log_options.h"
#include "s4l/apps/photos.h"
#include "s4l/core/error.h"
#include "s4l/core/io/file.h"
#include "s4l/core/io/json.h"
#include "s4l/core/io/safetensors.h"
#include "s4l/data/csv.h"

namespace s4l::apps {
namespace {

CommandLine embed_line() {
  CommandLine line{
      "embed",
      "write the network's features of pictures",
      "",
      "",
      {{"output", "FILE", "a .npy, .safetensors or .csv file; without it CSV on stdout", true, Takes::one, 'o'}},
      {"s4l embed runs/rotation-10pct-s0 photos/ -o features.npy",
       "s4l embed best.safetensors a.jpg b.jpg > features.csv"}};
  line.note =
      "A .npy file holds (pictures, features) as float32, and FILE.txt beside it the pictures' paths, one a line. A\n"
      ".safetensors file has the tensor \"features\" and the paths as a JSON list in its metadata.";
  add_photo_options(line);
  return line;
}

// NumPy's format 1.0; its data begin at a multiple of 64 bytes.
std::string npy_header(std::int64_t rows, std::int64_t columns) {
  std::string dictionary =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
  constexpr std::size_t kBefore = 10;
  dictionary.append(63 - (kBefore + dictionary.size()) % 64, ' ');
  dictionary += '\n';
  const auto length = static_cast<unsigned>(dictionary.size());
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(length & 0xFF) + static_cast<char>(length >> 8) +
         dictionary;
}

struct Features {
  std::vector<std::string> paths;
  std::vector<float> values;
  std::int64_t columns = 0;

  std::int64_t rows() const { return static_cast<std::int64_t>(paths.size()); }
};

std::string csv_header(std::int64_t columns) {
  std::string text = "path";
  for (std::int64_t i = 0; i < columns; ++i) text += fmt::format(",feature_{}", i);
  return text + "\n";
}

std::string csv_rows(const Features& features) {
  std::string text;
  const auto columns = static_cast<std::size_t>(features.columns);
  for (std::size_t i = 0; i < features.paths.size(); ++i) {
    text += data::csv_field(features.paths[i]);
    for (std::size_t k = 0; k < columns; ++k) text += fmt::format(",{}", features.values[i * columns + k]);
    text += "\n";
  }
  return text;
}

std::string lines(const std::vector<std::string>& paths) {
  std::string text;
  for (const std::string& path : paths) text += path + "\n";
  return text;
}

enum class Format { csv, npy, safetensors };

Format format_of(const std::string& file) {
  const std::string suffix = std::filesystem::path(file).extension().string();
  check(file.empty() || suffix == ".csv" || suffix == ".npy" || suffix == ".safetensors",
        "--output: expected a file called .npy, .safetensors or .csv, got {}", file);
  const std::filesystem::path folder = std::filesystem::path(file).parent_path();
  check(folder.empty() || std::filesystem::is_directory(folder), "--output: there is no folder {}", folder.string());
  return suffix == ".npy" ? Format::npy : suffix == ".safetensors" ? Format::safetensors : Format::csv;
}

void write(const Features& features, const std::string& file) {
  switch (format_of(file)) {
    case Format::csv:
      return io::save_atomically(file, csv_header(features.columns) + csv_rows(features));
    case Format::npy: {
      const std::string_view bytes(reinterpret_cast<const char*>(features.values.data()),
                                   features.values.size() * sizeof(float));
      const std::string header = npy_header(features.rows(), features.columns);
      const std::string_view parts[] = {header, bytes};
      io::save_atomically(file, parts);
      return io::save_atomically(file + ".txt", lines(features.paths));
    }
    case Format::safetensors: {
      const io::Json::Array paths(features.paths.begin(), features.paths.end());
      io::TensorFile content;
      content.tensors.emplace_back("features", from_values(features.values, {features.rows(), features.columns}));
      content.metadata["paths"] = io::Json(paths).dump();
      return io::save_tensors(file, content);
    }
  }
}

int embed(const Arguments& arguments) {
  const std::string file = arguments.get("output");
  format_of(file);
  const PhotoRequest request = photo_request_from(arguments, "embed");
  Log log = log_from(arguments);
  Features all{{}, {}, request.predictor.feature_size()};
  if (file.empty()) fmt::print("{}", csv_header(all.columns));
  const int code = for_each_batch(request, log, [&](const PhotoBatch& batch) {
    if (batch.paths.empty()) return;
    Features part{batch.paths, values_of<float>(batch.features), all.columns};
    if (file.empty()) {
      log.clear();
      fmt::print("{}", csv_rows(part));
      return;
    }
    all.paths.insert(all.paths.end(), part.paths.begin(), part.paths.end());
    all.values.insert(all.values.end(), part.values.begin(), part.values.end());
  });
  if (file.empty() || all.paths.empty()) return code;
  write(all, file);
  log.line(fmt::format("{} pictures x {} features written to {}", all.rows(), all.columns, file));
  return code;
}

}  // namespace

Command embed_command() { return {"embed", nullptr, embed_line, embed}; }

}  // namespace s4l::apps
