#pragma once
#include "s4l/apps/command_line.h"

namespace s4l::apps {

Option threads_option();
/// Sets the number of threads that --threads or S4L_NUM_THREADS names; an error says what was expected.
void set_threads(const Arguments& arguments);

}  // namespace s4l::apps
