// The heads that a method trains beside the network's: in weights files, and from one stage to the next.
#include <catch2/catch.hpp>

#include "s4l/core/io/file.h"
#include "s4l/methods/training/chain.h"
#include "s4l/methods/training/pretrained.h"
#include "s4l/methods/training/run.h"
#include "s4l/nn/models/model.h"
#include "s4l/tests/core/new_folder.h"
#include "s4l/tests/support/near.h"

using namespace s4l;
using namespace s4l::methods;
using namespace s4l::test;

TEST_CASE("moam's second step starts from all of the first's averaged weights, its rotation head among them") {
  const NewFolder folder;
  RunOptions o;
  o.method = "moam";
  o.dataset_options = {{"train", "60"}, {"test", "20"}};
  o.labels = "20n";
  o.val_fraction = 0;
  o.width = 0.25;
  o.batch_size = 2;
  o.steps = 3;
  o.warmup_steps = 0;
  o.ema_decay = 0.5;
  std::vector<RunOptions> stages(3, o);
  for (std::size_t i = 1; i < 3; ++i) {
    stages[i].lr = 0;  // what remains are the weights it started from
    stages[i].seed = i;
  }
  const Chain chain(stages, folder.path());
  std::vector<io::TensorFile> saved;
  for (int number = 1; number <= 3; ++number) {
    io::make_folder(chain.folder(number));
    Run run(chain.prepare(number));
    if (number == 2)
      CHECK_THAT(run.plan().pretrained,
                 Catch::Contains("40 tensors from") && Catch::EndsWith("; 2 of the method's own"));
    run.train(chain.folder(number), false, {});
    saved.push_back(io::load_tensors(chain.folder(number) + "/weights/last.safetensors"));
  }
  for (const char* name : {"method.rotations.weight", "method.rotations.bias", "head.fc.weight", "stem.conv.weight"}) {
    INFO(name);
    REQUIRE(saved[0].find(name) != nullptr);
    CHECK(doubles(*saved[1].find(name)) == doubles(*saved[0].find(name)));
  }
  CHECK(saved[2].find("method.rotations.weight") == nullptr);  // the third has no such head
  CHECK(doubles(*saved[2].find("head.fc.weight")) == doubles(*saved[0].find("head.fc.weight")));
}

TEST_CASE("heads of a method that a weights file lacks or has in another shape start anew, and it is told") {
  const NewFolder folder;
  const auto network = nn::make_model("resnet-small", {.classes = 3, .width = 0.25});
  const auto method = [&](const char* name, std::vector<std::pair<std::string, OptionValue>> values,
                          std::uint64_t seed) {
    MethodOptions options;
    options.feature_size = network->feature_size();
    options.model = network.get();
    options.seed = seed;
    options.values = std::move(values);
    return make_method(name, options);
  };
  const auto first = method("exemplar", {{"triplet-embed-dim", 5}}, 1);
  ModelCard card;
  card.model = "resnet-small";
  io::save_tensors(folder / "e.safetensors", weights_of(*network, card, exported_heads(*first)));
  const Pretrained pretrained(folder / "e.safetensors");
  const auto told = [&](Method& other) { return pretrained.start_heads(other); };
  const auto same = method("exemplar", {{"triplet-embed-dim", 5}}, 2);
  CHECK(told(*same) == "; 2 of the method's own");
  CHECK(doubles(exported_heads(*same)[0].second) == doubles(exported_heads(*first)[0].second));
  CHECK(told(*method("exemplar", {{"triplet-embed-dim", 6}}, 2)) ==
        "; method.embeddings.weight starts anew; method.embeddings.bias starts anew");
  CHECK(told(*method("rotation", {}, 2)) == "; method.rotations.weight starts anew; method.rotations.bias starts anew");
  CHECK(told(*method("supervised", {}, 2)).empty());
}
