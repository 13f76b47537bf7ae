#include "s4l/apps/foreign_options.h"

#include <array>

namespace s4l::apps {

std::string foreign_option(const std::string& name) {
  struct Row {
    const char *name, *answer;
  };
  static constexpr std::array kRows = {
      Row{"cos-lr", "the schedule is a cosine unless --sched says otherwise; leave it out"},
      Row{"deterministic", "every run is; leave it out"},
      Row{"dist-url", "a run is one process; leave it out"},
      Row{"fraction", "--labels 10 learns from 10 % of the labels"},
      Row{"load-path", "--resume PATH goes on with a run, --pretrained FILE starts from weights"},
      Row{"num-classes", "the classes are those of the data; leave it out"},
      Row{"pin-mem", "nothing to choose here; leave it out"},
      Row{"world-size", "a run is one process; leave it out"},
  };
  for (const Row& row : kRows)
    if (name == row.name) return row.answer;
  return "";
}

}  // namespace s4l::apps
