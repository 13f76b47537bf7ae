#include "s4l/methods/training/saved_model.h"

#include <algorithm>
#include <charconv>

#include "s4l/core/io/json.h"
#include "s4l/core/ops/cast.h"
#include "s4l/core/ops/view.h"
#include "s4l/methods/training/whole.h"
#include "s4l/nn/models/model.h"
#include "s4l/nn/walk.h"

namespace s4l::methods {
namespace {

const std::string kOfMethod = "method.";

NamedTensors tensors_of(nn::Classifier& model) {
  NamedTensors tensors;
  for (const auto& [name, parameter] : nn::parameters_of(model)) tensors.emplace_back(name, parameter->value);
  for (const auto& [name, value] : nn::buffers_of(model)) tensors.emplace_back(name, *value);
  return tensors;
}

/// A copy on the host, x (O, A, B) as (O, B, A) and then in `shape`.
Tensor swapped(const Tensor& x, std::int64_t a, std::int64_t b, Shape shape) {
  const auto from = values_of<float>(x);
  std::vector<float> to(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto n = static_cast<std::int64_t>(i);
    to[static_cast<std::size_t>(n / (a * b) * a * b + n % b * a + n / b % a)] = from[i];
  }
  return from_values(to, shape);
}

/// O,H,W,I to O,I,H,W; anything else is copied.
Tensor to_pytorch(const Tensor& x) {
  const Shape& s = x.shape();
  if (s.rank != 4) return swapped(x, 1, 1, s);
  return swapped(x, s[1] * s[2], s[3], {s[0], s[3], s[1], s[2]});
}

/// The inverse, into the shape `s` of the engine.
Tensor from_pytorch(const Tensor& x, const Shape& s) {
  return s.rank == 4 ? swapped(x, s[3], s[1] * s[2], s) : reshape(x, s);
}

double number(const std::string& text, const std::string& path, const char* key) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    fail(ErrorKind::data, "{}: metadata: {}: expected a number, got \"{}\"", path, key, text);
  return value;
}

}  // namespace

NamedTensors exported(nn::Classifier& model) {
  NamedTensors tensors = tensors_of(model);
  for (auto& [name, value] : tensors) value = to_pytorch(value);
  return tensors;
}

bool same_numbers(const Shape& a, const Shape& b) {
  for (int i = 0; i < std::max(a.rank, b.rank); ++i)
    if ((i < a.rank ? a[i] : 1) != (i < b.rank ? b[i] : 1)) return false;
  return true;
}

void import_weights(nn::Classifier& model, const io::TensorFile& file, const NamedTensors& wanted) {
  for (const auto& [name, value] : tensors_of(model)) {
    if (std::none_of(wanted.begin(), wanted.end(), [&, &own = name](const auto& w) { return w.first == own; }))
      continue;
    const Tensor* saved = file.find(name);
    const Tensor own = to_pytorch(value);
    if (saved == nullptr || !same_numbers(saved->shape(), own.shape()))
      fail(ErrorKind::data, "weights: {}: expected {}, got {}", name, own.shape(),
           saved == nullptr ? "none" : to_text(saved->shape()));
    copy_(value, from_pytorch(cast(*saved, value.dtype()), value.shape()));
  }
}

NamedTensors exported_heads(Method& method) {
  NamedTensors heads;
  MethodState state(method);
  for (const auto& [name, parameter] : nn::parameters_of(state))
    heads.emplace_back(kOfMethod + name, to_pytorch(parameter->value));
  return heads;
}

std::vector<std::string> import_heads(Method& method, const io::TensorFile& file) {
  std::vector<std::string> filled;
  MethodState state(method);
  for (const auto& [name, parameter] : nn::parameters_of(state)) {
    const Tensor& value = parameter->value;
    const Tensor* saved = file.find(kOfMethod + name);
    if (saved == nullptr || !same_numbers(saved->shape(), to_pytorch(value).shape())) continue;
    copy_(value, from_pytorch(cast(*saved, value.dtype()), value.shape()));
    filled.push_back(kOfMethod + name);
  }
  return filled;
}

io::TensorFile weights_of(nn::Classifier& model, const ModelCard& card, const NamedTensors& heads) {
  io::TensorFile file;
  file.tensors = exported(model);
  file.tensors.insert(file.tensors.end(), heads.begin(), heads.end());
  io::Json::Array names;
  for (const std::string& name : card.class_names) names.emplace_back(name);
  file.metadata = {{"format", "pt"},
                   {"version", S4L_VERSION},
                   {"model", card.model},
                   {"width", to_text(card.width)},
                   {"bn_epsilon", to_text(card.bn_epsilon)},
                   {"pool_padding", card.pool_padding},
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

void set_weights(nn::Classifier& model, const io::TensorFile& file) { import_weights(model, file, tensors_of(model)); }

ModelCard card_of(const io::TensorFile& file, const std::string& path) {
  const auto entry = [&](const char* key) -> const std::string& {
    const auto found = file.metadata.find(key);
    if (found == file.metadata.end())
      fail(ErrorKind::data, "{}: expected a weights file of s4l with \"{}\" in its metadata", path, key);
    return found->second;
  };
  const auto number_of = [&](const char* key) { return number(entry(key), path, key); };
  ModelCard card;
  card.model = entry("model");
  card.width = number_of("width");
  card.bn_epsilon = number_of("bn_epsilon");
  card.pool_padding = entry("pool_padding");
  card.img_size = static_cast<int>(number_of("img_size"));
  const io::Json names = io::parse_json(entry("class_names"));
  for (const io::Json& name : names.array()) card.class_names.push_back(name.string());
  card.preprocess_eval = entry("preprocess_eval");
  card.eval_views = entry("eval_views");
  card.method = entry("method");
  card.dataset = entry("dataset");
  card.data = entry("data");
  card.split_hash = entry("split_hash");
  return card;
}

std::unique_ptr<nn::Classifier> model_of(const ModelCard& card) {
  nn::ModelOptions options;
  options.classes = static_cast<int>(card.class_names.size());
  options.width = card.width;
  options.bn_epsilon = card.bn_epsilon;
  options.pool_zero_padding = card.pool_padding == "zero";
  return nn::make_model(card.model, options);
}

SavedModel load_model(const std::string& path) {
  const io::TensorFile file = io::load_tensors(path);
  const ModelCard card = card_of(file, path);
  SavedModel saved{model_of(card), card};
  set_weights(*saved.model, file);
  return saved;
}

}  // namespace s4l::methods
