#include "s4l/apps/threads.h"

#include <cmath>
#include <cstdlib>

#include "s4l/apps/settings.h"
#include "s4l/core/device/device.h"
#include "s4l/core/error.h"

namespace s4l::apps {

Option threads_option() { return {"threads", "N", "of computation; also S4L_NUM_THREADS; 0: one per core"}; }

void set_threads(const Arguments& arguments) {
  const char* variable = std::getenv("S4L_NUM_THREADS");
  const bool given = arguments.has("threads");
  if (!given && (variable == nullptr || *variable == '\0')) return;
  const std::string text = given ? arguments.get("threads") : variable;
  const std::string origin = given ? "--threads" : "S4L_NUM_THREADS";
  const double threads = number_from(origin, text);
  check(threads >= 0 && threads <= 1024 && threads == std::floor(threads),
        "{}: expected a whole number from 0 to 1024, got {}", origin, text);
  set_num_threads(static_cast<int>(threads));
}

}  // namespace s4l::apps
