#pragma once
#include <string>

namespace s4l::data {

/// The name of the data set that `path` holds, as its files tell: "cifar10", "cifar100", "idx", "manifest" (a .csv, or
/// a folder with one .csv and no folders beside it or one that begins as a manifest) or "image-folder". Throws as
/// open_tree does.
std::string dataset_at(const std::string& path);

/// True where `path` ends in .csv, in any case.
bool is_csv(const std::string& path);

}  // namespace s4l::data
