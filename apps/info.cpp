#include <fmt/format.h>

#include "s4l/apps/commands.h"
#include "s4l/apps/exit_code.h"
#include "s4l/apps/machine.h"
#include "s4l/core/io/json.h"
#include "s4l/apps/table.h"
#include "s4l/apps/threads.h"

namespace s4l::apps {
namespace {

CommandLine info_line() {
  return {"info", "tell the version, the build and what the machine has", "",
          "",     {{"json", "", "as JSON", true, Takes::none}},           {"s4l info", "s4l info --json"}};
}

int info(const Arguments& arguments) {
  set_threads(arguments);
  io::Json json;
  Table table;
  for (const auto& [name, fact] : machine_facts()) {
    json.set(name, fact);
    table.row({name, fact});
  }
  fmt::print("{}", arguments.on("json") ? json.dump(2) + "\n" : table.text());
  return kSuccess;
}

}  // namespace

Command info_command() { return {"info", "checks", info_line, info}; }

}  // namespace s4l::apps
