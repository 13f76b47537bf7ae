// What a user may type wrongly, and the one line that answers it.
#include <catch2/catch.hpp>
#include <fstream>

#include "../core/new_folder.h"
#include "program.h"

using namespace s4l::test;

namespace {

struct Mistake {
  Words words;
  const char* answer;  // part of the line
};

const std::vector<Mistake> kMistakes = {
    // commands
    {{"rnu", "rotation"}, "unknown command \"rnu\"; did you mean run?"},
    {{"predit", "a.jpg"}, "unknown command \"predit\"; did you mean predict?"},
    {{"--lables"}, "unknown option \"--lables\""},
    {{"run"}, "expected a METHOD, one of `s4l list methods`"},
    {{"run", "rotatoin"}, "unknown method \"rotatoin\"; did you mean rotation?"},
    {{"run", "rotation", "supervised"}, "unexpected argument \"supervised\""},
    {{"list", "modles"}, "unknown list \"modles\"; did you mean models?"},
    {{"completion", "tcsh"}, "unknown shell \"tcsh\""},
    // names of options
    {{"run", "rotation", "--lables", "10"}, "unknown option --lables; did you mean --labels?"},
    {{"run", "rotation", "--batchsize", "8"}, "unknown option --batchsize; did you mean --batch-size?"},
    {{"run", "rotation", "--learning-rate", "1"}, "unknown option --learning-rate"},
    {{"run", "rotation", "-z"}, "unexpected option \"-z\""},
    {{"run", "rotation", "lr0=0.1"}, "\"lr0=0.1\" is not how options are given; did you mean --lr 0.1?"},
    {{"run", "batch_size=8"}, "did you mean --batch-size 8?"},
    {{"run", "rotation", "--amp", "bf16", "--device", "cpu"},
     "--amp: expected off on the CPU, which computes in 32 bits"},
    {{"run", "rotation", "--amp", "tf32"}, "--amp: expected off, bf16 or f16, got tf32"},
    {{"run", "rotation", "--deterministic"}, "every run is; leave it out"},
    {{"run", "supervised", "--rot-weight", "2"}, "--rot-weight: an option of the method"},
    // their values
    {{"run", "rotation", "--lr"}, "--lr: expected a value, got none"},
    {{"run", "rotation", "--lr="}, "--lr: expected a value, got none"},
    {{"config", "rotation", "--lr", "-3"}, "--lr: expected 0 or more, got -3"},
    {{"config", "rotation", "--augment", "flop"}, "--augment: pipeline \"flop\": at character 1: unknown operation"},
    {{"config", "rotation", "--labels", "-5"}, "labels: expected a percentage up to 100"},
    {{"run", "rotation", "--augment", "resize(32, 48)"},
     "expected square pictures to rotate, got 32x48; put resize(N)"},
    {{"run", "rotation", "--lr", "fast"}, "--lr: expected a number, got \"fast\""},
    {{"run", "rotation", "--lr", "-1"}, "--lr: expected 0 or more, got -1"},
    {{"run", "rotation", "--steps", "1.5"}, "--steps: expected a whole number, got \"1.5\""},
    {{"run", "rotation", "--steps", "5", "--epochs", "1"}, "--steps and --epochs contradict each other"},
    {{"run", "rotation", "--warmup-steps", "5", "--warmup-epochs", "1"}, "contradict each other: give one"},
    {{"run", "rotation", "--labels", "200"}, "labels: expected"},
    {{"run", "rotation", "--labels", "ten"}, "expected"},
    {{"run", "rotation", "--num-labels", "3"}, "labels: expected at least 10"},
    {{"run", "rotation", "--val-fraction", "20"}, "--val-fraction: expected 0 to below 1, got 20"},
    {{"run", "rotation", "--model", "resnet-smal"}, "unknown model \"resnet-smal\"; did you mean resnet-small?"},
    {{"run", "rotation", "--dataset", "thing"}, "unknown dataset \"thing\"; did you mean things?"},
    {{"run", "rotation", "--recipe", "things/rotatio"}, "did you mean things/rotation?"},
    {{"run", "rotation", "--recipe", "thing/vat"}, "unknown recipe \"thing/vat\"; did you mean things/vat?"},
    {{"run", "rotation", "--recipe", "things/nope"}, "unknown recipe \"things/nope\"; `s4l list recipes` has all"},
    {{"run", "vat", "--recipe", "imagenet/vat"},
     "--recipe imagenet/vat: expected --data FOLDER with the pictures it is for, or --dataset NAME, got neither"},
    {{"run", "vat", "--recipe", "cifar10/vat", "--dry-run"}, "--recipe cifar10/vat: expected --data FOLDER"},
    {{"compare", "vat@imagenet/vat", "supervised", "--seeds", "1"}, "--recipe imagenet/vat: expected --data FOLDER"},
    {{"run", "moam", "--stage", "4"}, "--stage: expected 1 to 3, or 0: one after another, got 4"},
    {{"run", "rotation", "--class-weights", "even"}, "--class-weights: expected none or balanced, got even"},
    {{"run", "rotation", "--class-weights", "balanced", "--sampler", "balanced"},
     "--class-weights: expected none with --sampler balanced, which evens the classes out already, got balanced"},
    {{"run", "rotation", "--opt", "adam"}, "--opt: expected sgd, the only optimizer, got \"adam\""},
    {{"run", "rotation", "--sched", "linear"}, "linear"},
    {{"run", "rotation", "--device", "cuda:7"}, "expected one of cpu"},
    {{"run", "rotation", "--img-size", "2"}, "expected a picture size from 8 to 4096, got 2"},
    {{"run", "rotation", "--augment", "pad_crop(2)|flip_lr|-1_to_"}, "-1_to_"},
    {{"run", "rotation", "--time", "5"}, "--time: expected a time such as 90s, 30m or 2h"},
    {{"run", "rotation", "--threads", "many"}, "--threads: expected a number, got \"many\""},
    {{"run", "rotation", "--data-option", "train"}, "--data-option: expected KEY=VALUE, got \"train\""},
    {{"run", "rotation", "--data-option", "trian=5"}, "trian"},
    {{"run", "rotation", "-q", "-v"}, "contradict each other"},
    // files and folders
    {{"run", "rotation", "--data", "nowhere"}, "nowhere"},
    {{"run", "rotation", "--config", "no.toml"}, "--config: there is no file no.toml"},
    {{"run", "rotation", "--config", "bad.toml"}, "bad.toml:2: unknown key \"batchsize\"; did you mean batch-size?"},
    {{"run", "rotation", "--config", "text.toml"}, "text.toml:1: lr: expected a number, got \"much\""},
    {{"run", "rotation", "--resume"}, "there is no runs/rotation-10pct-s0"},
    {{"run", "rotation", "--resume", "."}, "expected the folder of a run, got .: it has no config.toml"},
    {{"run", "rotation", "-o", "bad.toml"}, "--output: expected a folder, got the file bad.toml"},
    {{"run", "rotation", "--pretrained", "bad.toml"}, "expected a weights file (safetensors): "},
    {{"eval", "runs/none"}, "s4l eval: runs/none: no such file or folder"},
    {{"eval", ".", "--min-acc", "0.85"}, ".: expected a run's folder or a weights file, got a folder without weights/"},
    {{"predict"}, "s4l predict: expected a run's folder or a weights file"},
    {{"predict", "bad.toml", "a.jpg"}, "expected a weights file (safetensors): bad.toml"},
    {{"embed", "bad.toml", "a.jpg", "-o", "features.txt"},
     "--output: expected a file called .npy, .safetensors or .csv"},
    {{"embed", "bad.toml", "a.jpg", "-o", "none/features.csv"}, "--output: there is no folder none"},
    {{"split", "--format", "jason"}, "jason"},
};

}  // namespace

TEST_CASE("what is typed wrongly is answered by one line that says what was expected, and nothing is begun") {
  const NewFolder folder;
  std::ofstream(folder / "bad.toml") << "lr = 0.1\nbatchsize = 8\n";
  std::ofstream(folder / "text.toml") << "lr = \"much\"\n";
  REQUIRE(kMistakes.size() >= 40);
  for (const Mistake& mistake : kMistakes) {
    const Outcome outcome = run_s4l(folder.path(), mistake.words);
    std::string typed = "s4l";
    for (const std::string& word : mistake.words) typed += " " + word;
    INFO(typed << "\n" << outcome.err);
    CHECK((outcome.code == 2 || outcome.code == 1));
    CHECK(outcome.out.empty());
    CHECK(lines_in(outcome.err) == 1);
    CHECK(contains(outcome.err, "s4l: error: "));
    CHECK(contains(outcome.err, mistake.answer));
  }
  CHECK(folder.names() == std::vector<std::string>{".stdout", "bad.toml", "text.toml"});
}
