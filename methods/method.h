#pragma once
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "s4l/core/error.h"
#include "s4l/core/rng.h"
#include "s4l/core/tensor.h"
#include "s4l/data/loader.h"
#include "s4l/methods/method_option.h"
#include "s4l/nn/module.h"
#include "s4l/nn/optim/schedule.h"

namespace s4l::methods {

/// Which views of a picture a method wants: what its pipelines add to the recipe's augmentation ("rotate", or nothing).
struct Views {
  std::string labelled;
  std::vector<std::string> unlabelled;  ///< one entry per view; none: no unlabelled stream
};

/// What FixMatch and its successors add to the weak augmentation for their strong view.
inline constexpr const char* kStrongView = "randaugment(2, 10)|cutout(0.5)";

/// Numbers for the log, by tag ("train/rot_loss"): kept as tensors, read at log intervals.
class Metrics {
 public:
  void put(std::string tag, const Tensor& value) { values_.emplace_back(std::move(tag), value.detach()); }
  const std::deque<std::pair<std::string, Tensor>>& values() const { return values_; }
  void clear() { values_.clear(); }

 private:
  std::deque<std::pair<std::string, Tensor>> values_;  // grows in small pieces: a step asks the system for no buffer
};

/// What one step sees. A step is recorded once and replayed (CUDA graph), so it reads no host value that changes: what
/// changes is a device scalar, refreshed before each step.
struct Step {
  nn::Classifier& model;
  const Tensor& x;                        ///< labelled rows (views b, H, W, 3)
  const Tensor& labels;                   ///< (b) i32, or rows (b, K): see data::LoaderOptions::class_weights
  const std::vector<Tensor>& unlabelled;  ///< rows of each unlabelled view
  const Tensor& index;                    ///< (n_u) i64: which pictures of the data set those are; may be empty
  Rng rng;                                ///< keyed by seed and step
  int virtual_replicas;                   ///< into how many groups batch norm cuts the rows (Streams)
  Metrics& metrics;
  Tensor random = from_values<std::int32_t>(rng.words(), {6});  ///< `rng` as kernels take it: a device scalar
};

/// How to learn from few labels: a method is one file that can be read with the paper in the other hand.
class Method {
 public:
  virtual ~Method() = default;
  virtual Views views() const = 0;
  /// The paper's equation: a scalar to be minimised (weight decay is the optimizer's).
  virtual Tensor loss(Step& step) = 0;
  /// Teachers, thresholds, queues: on the device.
  virtual void after_update(Step&) {}
  /// Own heads and state; saved and optimised with the network's.
  virtual void visit(nn::Visitor&) {}
  /// Evaluation: views of a test picture whose logits it can average ("rotate": unrotated and rot_avg), or nothing.
  virtual std::string eval_views() const { return ""; }
  /// How classes are read from the frozen features of a network whose loss teaches no class head: "linear", "knn", or
  /// nothing where it does.
  virtual std::string probe() const { return ""; }
};

/// What a method is made for; its own options by name, as recipes and the command line have them.
struct MethodOptions {
  int classes = 10;
  std::int64_t feature_size = 0;
  nn::Classifier* model = nullptr;  ///< the network, which outlives the method
  DType computed_in = DType::f32;   ///< its features: bf16 or f16 in mixed precision
  std::int64_t pictures = 0;        ///< of the data set: what Step::index counts
  std::int64_t unlabelled = 0;      ///< of those, the ones the unlabelled stream shows
  bool zero_heads = false;
  std::uint64_t seed = 0;
  int stage = 1;                                            ///< which of the method's stages(), from 1
  std::vector<std::pair<std::string, OptionValue>> values;  ///< e.g. {"rot-weight", 4}

  nn::Classifier& network() const {
    check(model != nullptr, "method: expected a network");
    return *model;
  }
  /// The number given for the option `name`, which S4L_METHOD lists.
  double value(const std::string& name) const { return find(name).number; }
  /// Whether an on_off() option is on.
  bool on(const std::string& name) const { return find(name).number != 0; }
  /// The word given for a choice.
  const std::string& word(const std::string& name) const { return find(name).word; }

 private:
  const OptionValue& find(const std::string& name) const {
    for (const auto& [key, given] : values)
      if (key == name) return given;
    fail(ErrorKind::usage, "method: expected a value for the option \"{}\"", name);
  }
};

/// One training of a method that consists of several, each a run of its own after the one before.
struct Stage {
  const char* name;         ///< "teacher"
  bool guesses = false;     ///< learns from the answers of the stage before for every training picture
  bool pretrained = false;  ///< starts from the weights of the stage before
};

/// Of a method's class: what its static stages() says, or none.
template <class Class>
std::vector<Stage> stages_of() {
  if constexpr (requires { Class::stages(); })
    return Class::stages();
  else
    return {};
}

struct MethodEntry {
  const char* name;
  const char* summary;
  std::vector<MethodOption> options;
  std::vector<Stage> stages;  ///< none: one training
  std::unique_ptr<Method> (*make)(const MethodOptions&);
};

/// Every method of this build, sorted by name: one per file of methods/, written by CMake.
const std::vector<MethodEntry>& methods();
/// The entry called `name`; an unknown name is an error that lists the known ones.
const MethodEntry& find_method(const std::string& name);
/// The method called `name`; options that `options.values` does not name have their defaults; one that the method
/// does not have is an error that lists its own, a value out of its range one that states the range.
std::unique_ptr<Method> make_method(const std::string& name, MethodOptions options);

}  // namespace s4l::methods

/// Ends a method's file: `id` is its base name; then its MethodOptions.
#define S4L_METHOD(id, Class, summary_text, ...)                                                         \
  namespace s4l::methods {                                                                               \
  MethodEntry method_entry_##id() {                                                                      \
    return {nullptr, summary_text, {__VA_ARGS__}, stages_of<Class>(), [](const MethodOptions& options) { \
              return std::unique_ptr<Method>(std::make_unique<Class>(options));                          \
            }};                                                                                          \
  }                                                                                                      \
  }
