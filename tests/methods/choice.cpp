#include "s4l/methods/training/choice.h"

#include <catch2/catch.hpp>

using namespace s4l;
using namespace s4l::methods;

namespace {

data::Split split_of(std::size_t labelled, std::size_t unlabelled) {
  data::Split split;
  split.labelled.resize(labelled);
  split.unlabelled.resize(unlabelled);
  return split;
}

RunOptions chosen(const data::Split& split, RunOptions options = {}) {
  choose_length(split, options);
  return options;
}

}  // namespace

TEST_CASE("batch and steps follow from the numbers of labels and pictures where nothing was said") {
  CHECK(chosen(split_of(50, 500)).batch_size == 16);
  CHECK(chosen(split_of(50, 500)).steps == 500);
  CHECK(chosen(split_of(400, 4000)).steps == 3750);  // 30 passes of 32 pictures a step
  CHECK(chosen(split_of(9999, 1000000)).steps == 10000);
  CHECK(chosen(split_of(6, 500)).batch_size == 6);  // no picture twice in a step
  RunOptions replicas;
  replicas.virtual_replicas = 4;
  CHECK(chosen(split_of(6, 500), replicas).batch_size == 8);
  RunOptions gpu;
  gpu.device = "cuda:0";
  CHECK(chosen(split_of(400, 4000), gpu).batch_size == 64);
  CHECK(chosen(split_of(400, 4000), gpu).steps == 2000);
}

TEST_CASE("what was said is kept") {
  RunOptions said;
  said.batch_size = 3;
  said.steps = 7;
  CHECK(chosen(split_of(50, 500), said).batch_size == 3);
  CHECK(chosen(split_of(50, 500), said).steps == 7);
  RunOptions epochs;
  epochs.epochs = 2;
  CHECK(chosen(split_of(50, 500), epochs).steps == 0);  // they follow from the epochs
}
