#include "s4l/methods/training/pretrained.h"

#include <algorithm>
#include <string_view>

#include "s4l/methods/method.h"
#include "s4l/nn/models/model.h"

namespace s4l::methods {
namespace {

constexpr double kTimmEpsilon = 1e-5;
constexpr int kTimmSide = 224;
constexpr const char* kTimmPreprocessing = "resize_small(256)|central_crop(224)|-1_to_1";

/// Whether the method teaches no class head: what its weights file has there is a probe's, fitted to the labels.
bool is_self_supervised(const std::string& method) {
  const auto is_probe = [](const MethodOption& option) { return std::string_view(option.name) == "probe"; };
  return std::any_of(methods().begin(), methods().end(), [&](const MethodEntry& entry) {
    return entry.name == method && std::any_of(entry.options.begin(), entry.options.end(), is_probe);
  });
}

bool is_head(std::string_view name) { return name.starts_with("head."); }

const nn::ModelEntry* find_model(const std::string& name) {
  for (const nn::ModelEntry& entry : nn::models())
    if (entry.name == name) return &entry;
  return nullptr;
}

/// "resnet50 (resnetv2_50), ...": the networks that timm has as well.
std::string shared_with_timm() {
  std::string list;
  for (const nn::ModelEntry& entry : nn::models())
    if (entry.timm != nullptr) list += (list.empty() ? "" : ", ") + std::string(entry.name) + " (" + entry.timm + ")";
  return list;
}

const Tensor* find(const NamedTensors& tensors, const std::string& name) {
  for (const auto& [other, tensor] : tensors)
    if (other == name) return &tensor;
  return nullptr;
}

}  // namespace

Pretrained::Pretrained(const std::string& path) : path_(path) {
  try {
    file_ = io::load_tensors(path);
  } catch (const Error& error) {
    throw Error(std::string("expected a weights file (safetensors): ") + error.what());
  }
}

void Pretrained::complete(RunOptions& o) const {
  if (ours()) {
    const ModelCard card = card_of(file_, path_);
    check(!o.model.empty() || o.width == 1 || o.width == card.width,
          "--width: expected {} as {} has it, or another --model, got {}", card.width, path_, o.width);
    if (o.model.empty()) o.model = card.model, o.width = card.width;
    if (o.img_size == 0) o.img_size = card.img_size;
    if (o.bn_epsilon == 0) o.bn_epsilon = card.bn_epsilon;
    if (o.pool_padding.empty()) o.pool_padding = card.pool_padding;
    return;
  }
  check(!o.model.empty(), "{} does not say which network it holds; say --model, one of {}", path_, shared_with_timm());
  const nn::ModelEntry* entry = find_model(o.model);
  check(entry == nullptr || entry->timm != nullptr, "{} is no file of s4l: expected --model {}, got {}", path_,
        shared_with_timm(), o.model);
  if (o.bn_epsilon == 0) o.bn_epsilon = kTimmEpsilon;
  if (o.pool_padding.empty()) o.pool_padding = "lowest";
}

/// Why the head starts anew; empty if it fits. The same number of other classes is another head.
std::string Pretrained::head_mismatch(const NamedTensors& own, const std::vector<std::string>& class_names) const {
  for (const auto& [name, tensor] : own) {
    const Tensor* saved = is_head(name) ? file_.find(name) : &tensor;
    if (saved == nullptr) return "the file has no " + name;
    if (same_numbers(saved->shape(), tensor.shape())) continue;
    return to_text(name) + " is " + to_text(saved->shape()) + " there, " + to_text(tensor.shape()) + " here";
  }
  return ours() && card_of(file_, path_).class_names != class_names ? "other classes" : "";
}

void Pretrained::check_same_network(const NamedTensors& own, const NamedTensors& wanted) const {
  const auto require = [&](bool same, const std::string& name, const std::string& expected, const std::string& got) {
    check(same, "{} is of another network: {}: expected {}, got {}", path_, name, expected, got);
  };
  for (const auto& [name, tensor] : wanted) {
    const Tensor* saved = file_.find(name);
    require(saved != nullptr, name, to_text(tensor.shape()), "none");
    require(same_numbers(saved->shape(), tensor.shape()), name, to_text(tensor.shape()), to_text(saved->shape()));
  }
  for (const auto& [name, tensor] : file_.tensors)
    if (!is_head(name) && !name.starts_with("method.") &&
        !name.ends_with(".num_batches_tracked"))  // PyTorch's, of no use here
      require(find(own, name) != nullptr, name, "none", to_text(tensor.shape()));
}

std::size_t Pretrained::fill(nn::Classifier& model, const NamedTensors& own, bool with_head) const {
  NamedTensors wanted;
  for (const auto& [name, tensor] : own)
    if (with_head || !is_head(name)) wanted.emplace_back(name, tensor);
  check_same_network(own, wanted);
  import_weights(model, file_, wanted);
  return wanted.size();
}

std::string Pretrained::start(nn::Classifier& model, const std::vector<std::string>& class_names) const {
  const NamedTensors own = exported(model);
  const std::string method = ours() ? card_of(file_, path_).method : "";
  const std::string why_anew =
      is_self_supervised(method) ? "that of " + method + " is a probe's" : head_mismatch(own, class_names);
  const std::string text = "pretrained: " + to_text(fill(model, own, why_anew.empty())) + " tensors from " + path_;
  return why_anew.empty() ? text : text + "; the head starts anew: " + why_anew;
}

std::string Pretrained::start_heads(Method& method) const {
  const std::vector<std::string> filled = import_heads(method, file_);
  std::string text = filled.empty() ? "" : "; " + to_text(filled.size()) + " of the method's own";
  for (const auto& [name, tensor] : exported_heads(method))
    if (std::find(filled.begin(), filled.end(), name) == filled.end()) text += "; " + name + " starts anew";
  return text;
}

SavedModel Pretrained::model(const std::string& network) const {
  RunOptions o;
  o.model = network;
  complete(o);
  ModelCard card;
  if (ours()) {
    card = card_of(file_, path_);
    check(network.empty() || network == card.model, "--model: {} holds {}, got {}", path_, card.model, network);
  } else {
    const Tensor* head = file_.find("head.fc.weight");
    check(head != nullptr && head->shape().rank >= 2, "{}: expected the tensor head.fc.weight, got none", path_);
    card = {.model = o.model,
            .width = o.width,
            .bn_epsilon = o.bn_epsilon,
            .pool_padding = o.pool_padding,
            .img_size = kTimmSide,
            .class_names = {},
            .preprocess_eval = kTimmPreprocessing,
            .eval_views = "",
            .method = "",
            .dataset = "",
            .data = "",
            .split_hash = ""};
    for (std::int64_t i = 0; i < head->shape()[0]; ++i) card.class_names.push_back(std::to_string(i));
  }
  SavedModel saved{model_of(card), card};
  const NamedTensors own = exported(*saved.model);
  fill(*saved.model, own, head_mismatch(own, card.class_names).empty());
  return saved;
}

}  // namespace s4l::methods
