#include <algorithm>
#include <filesystem>

#include "s4l/core/error.h"
#include "s4l/core/io/file.h"
#include "s4l/data/cut.h"
#include "s4l/data/transforms/operations.h"
#include "s4l/data/write_png.h"
#include "s4l/methods/report/html.h"
#include "s4l/methods/report/markup.h"

namespace s4l::methods::html {
namespace {

// 44 thumbnails of at most 96 x 96 x 3 bytes and the sheet: below 3 MB in base 64 even if nothing can be compressed.
constexpr int kSide = 96;
constexpr std::size_t kLabelled = 20, kErrors = 24, kLargestFile = 600'000;

data::Image thumbnail(const data::Image& picture) {
  const bool large = std::min(picture.height, picture.width) > kSide;
  const data::Image small = large ? data::resize_small(picture, kSide) : picture;
  const data::Size shown{std::min(small.height, kSide), std::min(small.width, kSide)};
  return data::cut(small, data::central_crop({small.height, small.width}, shown));
}

std::string image(const std::string& png, const std::string& alternative, const std::string& attributes) {
  return "<img" + attributes + " alt=\"" + escaped(alternative) + "\" src=\"data:image/png;base64," + base64(png) +
         "\">";
}

/// A picture of the data set over its caption; nothing if it can no longer be read.
std::string figure(const data::Dataset& dataset, std::int64_t index, const std::string& caption) {
  try {
    const data::Image small = thumbnail(dataset.whole_image(index));
    const bool photo = std::min(small.height, small.width) >= kSide;
    return std::string("<figure") + (photo ? " class=\"photo\"" : "") + ">" +
           image(data::png_bytes(small), dataset.path(index), "") + caption + "</figure>\n";
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

std::string labelled_pictures(const Report& report) {
  const auto& labelled = report.split.labelled;
  const std::size_t shown = std::min(labelled.size(), kLabelled);
  std::string text = "<div class=\"pictures\">\n";
  for (std::size_t i = 0; i < shown; ++i) {
    const std::int64_t index = labelled[i * labelled.size() / shown];
    const auto label = static_cast<std::size_t>(report.dataset.label(index));
    text += figure(report.dataset, index, escaped(report.dataset.class_names()[label]));
  }
  return text + "</div>\n";
}

std::string surest_errors(const Report& report) {
  std::vector<Prediction> errors = report.result.test.errors();
  if (errors.empty()) return "<p>There are none.</p>\n";
  errors.resize(std::min(errors.size(), kErrors));
  const auto& names = report.dataset.class_names();
  std::string text = "<div class=\"pictures\">\n";
  for (const Prediction& p : errors)
    text += figure(report.dataset, p.index,
                   "<b>" + escaped(names[static_cast<std::size_t>(p.label)]) + "</b> taken for <b>" +
                       escaped(names[static_cast<std::size_t>(p.predicted)]) + "</b>, " + percentage(p.confidence) +
                       " sure<br><span class=\"soft\">" + escaped(report.dataset.path(p.index)) + "</span>");
  return text + "</div>\n";
}

std::string picture_file(const std::string& path, const std::string& alternative) {
  std::error_code none;
  const auto size = std::filesystem::file_size(path, none);
  if (none || size > kLargestFile) return "";
  return image(io::read_file(path), alternative, " class=\"sheet\"") + "\n";
}

}  // namespace s4l::methods::html
