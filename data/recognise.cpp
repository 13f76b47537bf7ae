#include "s4l/data/recognise.h"

#include <algorithm>

#include "s4l/core/error.h"
#include "s4l/data/file_tree.h"
#include "s4l/data/idx.h"
#include "s4l/data/manifest_header.h"

namespace s4l::data {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

}  // namespace

bool is_csv(const std::string& path) { return lower(path).ends_with(".csv"); }

std::string dataset_at(const std::string& path) {
  if (is_csv(path)) return "manifest";
  const std::unique_ptr<FileTree> tree = open_tree(path);
  const std::vector<std::string> files = file_names(*tree, "");
  const auto has = [&](const char* name) { return std::find(files.begin(), files.end(), name) != files.end(); };
  if (has("data_batch_1.bin")) return "cifar10";
  if (has("train.bin") && has("test.bin")) return "cifar100";
  if (std::any_of(files.begin(), files.end(), is_idx_images)) return "idx";
  const bool sorted = !folder_names(*tree, "").empty();
  const auto table = std::find_if(files.begin(), files.end(), is_csv);
  if (std::count_if(files.begin(), files.end(), is_csv) == 1 && (!sorted || begins_as_manifest(*tree, *table)))
    return "manifest";
  return "image-folder";
}

}  // namespace s4l::data
