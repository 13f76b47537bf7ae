#include <catch2/catch.hpp>

#include "../core/new_folder.h"
#include "program.h"

using namespace s4l::test;

TEST_CASE("options are understood as users of other tools type them") {
  const NewFolder folder;
  const Outcome outcome = run_s4l(folder.path(), {"train",
                                                  "rotation",
                                                  "--num_labels",
                                                  "20",
                                                  "--num_train_iter",
                                                  "7",
                                                  "--batch",
                                                  "4",
                                                  "--lr0",
                                                  "0.25",
                                                  "--net",
                                                  "resnet-small",
                                                  "--imgsz",
                                                  "24",
                                                  "--ema_m",
                                                  "0.5",
                                                  "--schedule",
                                                  "cosine",
                                                  "--num_workers",
                                                  "1",
                                                  "--num-log-iter",
                                                  "2",
                                                  "--num_eval_iter",
                                                  "3",
                                                  "--ulb_loss_ratio",
                                                  "2.5",
                                                  "--unsup-batch-mult",
                                                  "1",
                                                  "--random-seed",
                                                  "9",
                                                  "--clip_grad",
                                                  "1.5",
                                                  "--eval_batch_size",
                                                  "32",
                                                  "--data-option",
                                                  "train=60",
                                                  "--data-option",
                                                  "test=40",
                                                  "--gpu",
                                                  "cpu",
                                                  "--save_checkpoints_steps",
                                                  "5",
                                                  "--dry-run",
                                                  "--save_name",
                                                  "mine",
                                                  "--exist_ok"});
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  for (const char* line : {"labels = \"20n\"", "steps = 7", "batch-size = 4", "lr = 0.25", "model = \"resnet-small\"",
                           "img-size = 24", "ema-decay = 0.5", "sched = \"cosine\"", "workers = 1", "log-interval = 2",
                           "eval-interval = 3", "rot-weight = 2.5", "uratio = 1", "seed = 9", "clip-grad = 1.5",
                           "eval-batch = 32", "checkpoint-interval = 5"}) {
    INFO(line);
    CHECK(contains(outcome.out, std::string("\n") + line + "\n"));
  }
}
