#include "s4l/methods/training/saved_model.h"

#include "s4l/core/checkpoint.h"
#include "s4l/core/io/json.h"
#include "s4l/nn/models/model.h"
#include "s4l/nn/walk.h"

namespace s4l::methods {
namespace {

std::vector<std::pair<std::string, Tensor>> tensors_of(nn::Classifier& model) {
  std::vector<std::pair<std::string, Tensor>> tensors;
  for (const auto& [name, parameter] : nn::parameters_of(model)) tensors.emplace_back(name, parameter->value);
  for (const auto& [name, value] : nn::buffers_of(model)) tensors.emplace_back(name, *value);
  return tensors;
}

}  // namespace

io::TensorFile weights_of(nn::Classifier& model, const ModelCard& card) {
  io::TensorFile file;
  for (const auto& [name, value] : tensors_of(model)) {
    Tensor copy = empty_like(value);
    copy_(copy, value);
    file.tensors.emplace_back(name, copy);
  }
  io::Json::Array names;
  for (const std::string& name : card.class_names) names.emplace_back(name);
  file.metadata = {{"model", card.model},
                   {"width", to_text(card.width)},
                   {"img_size", std::to_string(card.img_size)},
                   {"class_names", io::Json(names).dump()},
                   {"preprocess_eval", card.preprocess_eval},
                   {"eval_views", card.eval_views},
                   {"method", card.method},
                   {"dataset", card.dataset},
                   {"data", card.data},
                   {"split_hash", card.split_hash}};
  return file;
}

void set_weights(nn::Classifier& model, const io::TensorFile& file) { restore(file, tensors_of(model)); }

SavedModel load_model(const std::string& path) {
  const io::TensorFile file = io::load_tensors(path);
  const auto entry = [&](const std::string& key) -> const std::string& {
    const auto found = file.metadata.find(key);
    check(found != file.metadata.end(), "{}: expected a weights file of s4l with \"{}\" in its metadata", path, key);
    return found->second;
  };
  ModelCard card{entry("model"),
                 std::stod(entry("width")),
                 std::stoi(entry("img_size")),
                 {},
                 entry("preprocess_eval"),
                 entry("eval_views"),
                 entry("method"),
                 entry("dataset"),
                 entry("data"),
                 entry("split_hash")};
  const io::Json names = io::parse_json(entry("class_names"));
  for (const io::Json& name : names.array()) card.class_names.push_back(name.string());
  nn::ModelOptions options;
  options.classes = static_cast<int>(card.class_names.size());
  options.width = card.width;
  SavedModel saved{nn::make_model(card.model, options), card};
  set_weights(*saved.model, file);
  return saved;
}

}  // namespace s4l::methods
