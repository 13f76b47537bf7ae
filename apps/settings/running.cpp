#include "s4l/apps/settings/rows.h"

namespace s4l::apps {

std::vector<Row> running_rows() {
  const std::string s = "running";
  return {
      Row(s, kCommon, "device", "NAME", &RunOptions::device, "one of `s4l info`: cpu, or a GPU such as cuda:0")
          .aliases({"gpu"})
          .free_on_resume(),
      Row(s, kCommon, "workers", "N", &RunOptions::workers, "threads that read pictures")
          .letter('j')
          .aliases({"num-workers"})
          .free_on_resume(),
      Row(s, kRare, "prefetch", "N", &RunOptions::prefetch, "batches read ahead").free_on_resume(),
      Row(s, kRare, "eval-batch", "N", &RunOptions::eval_batch, "pictures a step of evaluation")
          .aliases({"eval-batch-size"})
          .free_on_resume(),
      Row(s, kRare, "log-interval", "N", &RunOptions::log_interval, "steps between rows of the log")
          .aliases({"num-log-iter"})
          .free_on_resume(),
      Row(s, kRare, "eval-interval", "N", &RunOptions::eval_interval, "steps between validations; 0: a tenth")
          .aliases({"num-eval-iter"})
          .chosen_by("the number of steps"),
      Row(s, kRare, "checkpoint-interval", "N", &RunOptions::checkpoint_interval, "steps between saves; 0: a tenth")
          .aliases({"save-checkpoints-steps"})
          .free_on_resume()
          .chosen_by("the number of steps"),
      Row(s, kRare, "keep-checkpoints", "N", &RunOptions::keep_checkpoints, "checkpoints to keep").free_on_resume(),
  };
}

}  // namespace s4l::apps
