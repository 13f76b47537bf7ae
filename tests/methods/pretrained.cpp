#include "s4l/methods/training/pretrained.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "s4l/methods/training/run.h"
#include "s4l/nn/models/model.h"
#include "s4l/nn/walk.h"
#include "s4l/tests/core/new_folder.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

namespace {

const std::vector<std::vector<double>> kGolden = {
#include "s4l/tests/golden/timm.inc"
};

/// The rule of tests/golden/make_timm.py.
std::vector<double> numbers(std::int64_t start, std::int64_t count) {
  std::vector<double> values;
  for (std::int64_t state = start; count > 0; --count) {
    state = (state * 1103515245 + 12345) % (std::int64_t{1} << 31);
    values.push_back(static_cast<double>(state / 65536) / 16384 - 1);
  }
  return values;
}

Tensor f32(const std::vector<double>& values, Shape shape) {
  return from_values(std::vector<float>(values.begin(), values.end()), shape);
}

/// What timm's save would hold for an eighth of resnetv2_50, with a convolution as head and PyTorch's counters.
io::TensorFile timm_file() {
  const auto model = nn::make_model("resnet50", {.classes = 3, .width = 0.125});
  std::vector<std::pair<std::string, Shape>> entries;
  for (const auto& [name, tensor] : exported(*model)) {
    const bool head = name == "head.fc.weight";
    entries.emplace_back(name, head ? Shape{3, 256, 1, 1} : tensor.shape());
    if (name.ends_with("running_var"))
      entries.emplace_back(name.substr(0, name.size() - 11) + "num_batches_tracked", Shape{});
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  io::TensorFile file;
  for (std::size_t place = 0; place < entries.size(); ++place) {
    const auto& [name, shape] = entries[place];
    auto values = numbers(static_cast<std::int64_t>(place), shape.numel());
    const double scale =
        shape.rank == 4
            ? std::sqrt(3.0 * static_cast<double>(shape[0] == 0 ? 1 : shape[0]) / static_cast<double>(shape.numel()))
            : 1;
    for (double& value : values) {
      if (name.ends_with("running_var"))
        value = 0.01 + std::abs(value) / 1000;
      else if (shape.rank == 4)
        value *= scale;
      else if (name.ends_with("weight"))
        value = (1 + value / 2) / 8;
      if (name == "stem.conv.weight") value -= 0.3;
    }
    if (name.ends_with("num_batches_tracked"))
      file.tensors.emplace_back(name, from_values(std::vector<std::int64_t>{7}, {}));
    else
      file.tensors.emplace_back(name, f32(values, shape));
  }
  return file;
}

Tensor golden_picture() {
  auto values = numbers(1000, 3 * 47 * 47);
  for (double& value : values) value = std::abs(value);
  return f32(values, {1, 47, 47, 3});
}

const std::vector<std::string> kThree = {"a", "b", "c"};

/// A file of ours with initial weights of seed 1.
std::string own_file(const NewFolder& folder, const std::string& method = "supervised") {
  const auto model = nn::make_model("resnet-small", {.classes = 3, .width = 0.25, .seed = 1});
  ModelCard card;
  card.model = "resnet-small";
  card.width = 0.25;
  card.img_size = 16;
  card.class_names = kThree;
  card.method = method;
  io::save_tensors(folder / "own.safetensors", weights_of(*model, card));
  return folder / "own.safetensors";
}

std::vector<double> values(nn::Classifier& model, const std::string& name) {
  for (const auto& [each, tensor] : exported(model))
    if (each == name) return doubles(tensor);
  FAIL("no tensor " << name);
  return {};
}

}  // namespace

TEST_CASE("timm's resnetv2_50 gives the logits that timm gives") {
  const NewFolder folder;
  io::save_tensors(folder / "timm.safetensors", timm_file());
  const Pretrained pretrained(folder / "timm.safetensors");
  RunOptions options;
  options.model = "resnet50";
  pretrained.complete(options);
  CHECK(options.bn_epsilon == 1e-5);
  CHECK(options.pool_padding == "lowest");

  const auto model = nn::make_model(
      "resnet50",
      {.classes = 3, .width = 0.125, .bn_epsilon = options.bn_epsilon, .pool_zero_padding = false, .seed = 9});
  const std::string told = pretrained.start(*model, kThree);
  CHECK_THAT(told, Catch::Contains("tensors from") && !Catch::Contains("anew"));
  const Tensor features = model->features(golden_picture(), nn::Mode::eval);
  check_near(model->logits(features), kGolden[0], 2e-4, 2e-4);
  for (std::size_t i = 0; i < 8; ++i)
    CHECK(values_of<float>(features)[i] == Approx(kGolden[1][i]).epsilon(2e-4).margin(2e-4));

  // Both options matter, or this test would not see them.
  nn::set_batch_norm_epsilon(*model, 1e-3);
  CHECK(std::abs(values_of<float>(model->forward(golden_picture(), nn::Mode::eval))[0] - kGolden[0][0]) > 0.01);
  const auto zero = nn::make_model("resnet50", {.classes = 3, .width = 0.125, .bn_epsilon = 1e-5});
  pretrained.start(*zero, kThree);
  CHECK(std::abs(values_of<float>(zero->forward(golden_picture(), nn::Mode::eval))[0] - kGolden[0][0]) > 0.01);
}

TEST_CASE("a file that does not name its network needs --model, one that timm has with the same strides") {
  const NewFolder folder;
  io::save_tensors(folder / "timm.safetensors", timm_file());
  const Pretrained pretrained(folder / "timm.safetensors");
  RunOptions options;
  CHECK_THROWS_WITH(pretrained.complete(options), Catch::Contains("--model") && Catch::Contains("resnetv2_50"));
  options.model = "resnet18";  // its tensors have timm's shapes, its strides are elsewhere
  CHECK_THROWS_WITH(pretrained.complete(options), Catch::Contains("got resnet18"));
}

TEST_CASE("weights of a run start another: by name, and the head where the classes are the same") {
  const NewFolder folder;
  const Pretrained pretrained(own_file(folder));
  RunOptions options;
  pretrained.complete(options);
  CHECK(options.model == "resnet-small");
  CHECK(options.width == 0.25);
  CHECK(options.img_size == 16);
  CHECK(options.pool_padding == "zero");

  const auto saved = nn::make_model("resnet-small", {.classes = 3, .width = 0.25, .seed = 1});
  const auto started = [&](const std::vector<std::string>& classes, const std::string& expected) {
    auto model =
        nn::make_model("resnet-small", {.classes = static_cast<int>(classes.size()), .width = 0.25, .seed = 2});
    CHECK_THAT(pretrained.start(*model, classes), Catch::Contains(expected));
    CHECK(values(*model, "stages.1.blocks.0.conv1.weight") == values(*saved, "stages.1.blocks.0.conv1.weight"));
    return values(*model, "head.fc.weight") == values(*saved, "head.fc.weight");
  };
  CHECK(started(kThree, "40 tensors from"));
  CHECK_FALSE(started({"a", "b"}, "38 tensors from"));
  CHECK_FALSE(started({"a", "b"}, "the head starts anew: head.fc.weight is (3, 32) there, (2, 32) here"));
  CHECK_FALSE(started({"x", "y", "z"}, "the head starts anew: other classes"));
}

TEST_CASE("after self-supervised pretraining the head starts anew, as a probe fitted it to labels; models keep it") {
  const NewFolder folder;
  const std::string method = GENERATE("rotation-pretrain", "exemplar-pretrain");
  const Pretrained pretrained(own_file(folder, method));
  const auto saved = nn::make_model("resnet-small", {.classes = 3, .width = 0.25, .seed = 1});
  const auto fresh = nn::make_model("resnet-small", {.classes = 3, .width = 0.25, .seed = 2});
  const auto model = nn::make_model("resnet-small", {.classes = 3, .width = 0.25, .seed = 2});
  CHECK_THAT(pretrained.start(*model, kThree),
             Catch::Contains("38 tensors from") &&
                 Catch::Contains("the head starts anew: that of " + method + " is a probe's"));
  for (const char* name : {"head.fc.weight", "head.fc.bias"}) CHECK(values(*model, name) == values(*fresh, name));
  CHECK(values(*model, "stem.conv.weight") == values(*saved, "stem.conv.weight"));
  CHECK(values(*pretrained.model().model, "head.fc.weight") == values(*saved, "head.fc.weight"));
}

TEST_CASE("a file of another network is refused with the first tensor that differs") {
  const NewFolder folder;
  const Pretrained pretrained(own_file(folder));
  const auto refused = [&](const std::string& model, double width, const std::string& expected) {
    const auto other = nn::make_model(model, {.classes = 3, .width = width});
    CHECK_THROWS_WITH(pretrained.start(*other, kThree), Catch::Contains(expected));
  };
  refused("resnet-small", 0.5, "of another network: stem.conv.weight: expected (8, 3, 3, 3), got (4, 3, 3, 3)");
  refused("wrn-28-2", 0.25, "stages.0.blocks.1.norm1.weight: expected (8), got none");
  auto file = io::load_tensors(own_file(folder));
  file.tensors.emplace_back("stages.0.blocks.7.norm1.weight", zeros({4}));
  std::erase_if(file.metadata, [](const auto& entry) { return entry.first.starts_with("sha256"); });
  io::save_tensors(folder / "more.safetensors", file);
  const auto same = nn::make_model("resnet-small", {.classes = 3, .width = 0.25});
  CHECK_THROWS_WITH(Pretrained(folder / "more.safetensors").start(*same, kThree),
                    Catch::Contains("stages.0.blocks.7.norm1.weight: expected none, got (4)"));
}

TEST_CASE("a run starts from the weights of another, and so does its average") {
  const NewFolder folder;
  RunOptions o;
  o.dataset_options = {{"train", "60"}, {"test", "20"}};
  o.labels = "20n";
  o.val_fraction = 0;
  o.width = 0.25;
  o.batch_size = 2;
  o.steps = 2;
  o.lr = 0;  // what remains are the weights it started from
  o.weight_decay = 0;
  o.ema_decay = 0.5;
  o.seed = 1;
  Run(o).train(folder.path(), false, {});
  RunOptions next = o;
  next.pretrained = folder / "weights/last.safetensors";
  next.width = 1;  // the file's word counts
  next.seed = 2;
  Run run(next);
  CHECK_THAT(run.plan().pretrained, Catch::Contains("40 tensors"));
  CHECK(run.options().width == 0.25);
  run.train(folder / "second", false, {});
  const auto first = load_model(folder / "weights/last.safetensors");
  const auto second = load_model(folder / "second/weights/last.safetensors");
  CHECK(values(*first.model, "head.fc.weight") == values(*second.model, "head.fc.weight"));
}
