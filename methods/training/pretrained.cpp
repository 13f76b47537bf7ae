#include "s4l/methods/training/pretrained.h"

#include <algorithm>
#include <string_view>

#include "s4l/nn/models/model.h"

namespace s4l::methods {
namespace {

constexpr double kTimmEpsilon = 1e-5;

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

}  // namespace

Pretrained::Pretrained(const std::string& path) : path_(path), file_(io::load_tensors(path)) {}

void Pretrained::complete(RunOptions& o) const {
  if (ours()) {
    const ModelCard card = card_of(file_, path_);
    if (o.model.empty()) o.model = card.model, o.width = card.width;
    if (o.img_size == 0) o.img_size = card.img_size;
    if (o.bn_epsilon == 0) o.bn_epsilon = card.bn_epsilon;
    if (o.pool_padding.empty()) o.pool_padding = card.pool_padding;
    return;
  }
  check(!o.model.empty(), "--pretrained: {} does not say which network it holds; say --model, one of {}", path_,
        shared_with_timm());
  const nn::ModelEntry* entry = find_model(o.model);
  check(entry == nullptr || entry->timm != nullptr, "--pretrained: {} is no file of s4l: expected --model {}, got {}",
        path_, shared_with_timm(), o.model);
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
    check(same, "--pretrained: {} is of another network: {}: expected {}, got {}", path_, name, expected, got);
  };
  for (const auto& [name, tensor] : wanted) {
    const Tensor* saved = file_.find(name);
    require(saved != nullptr, name, to_text(tensor.shape()), "none");
    require(same_numbers(saved->shape(), tensor.shape()), name, to_text(tensor.shape()), to_text(saved->shape()));
  }
  for (const auto& [name, tensor] : file_.tensors) {
    if (name.ends_with(".num_batches_tracked") || is_head(name)) continue;  // the first is PyTorch's, of no use here
    const bool known = std::any_of(own.begin(), own.end(), [&](const auto& each) { return each.first == name; });
    require(known, name, "none", to_text(tensor.shape()));
  }
}

std::string Pretrained::start(nn::Classifier& model, const std::vector<std::string>& class_names) const {
  const NamedTensors own = exported(model);
  const std::string mismatch = head_mismatch(own, class_names);
  NamedTensors wanted;
  for (const auto& [name, tensor] : own)
    if (mismatch.empty() || !is_head(name)) wanted.emplace_back(name, tensor);
  check_same_network(own, wanted);
  import_weights(model, file_, wanted);
  const std::string text = "pretrained: " + to_text(wanted.size()) + " tensors from " + path_;
  return mismatch.empty() ? text : text + "; the head starts anew: " + mismatch;
}

}  // namespace s4l::methods
