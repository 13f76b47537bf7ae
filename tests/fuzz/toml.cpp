// Any text is a configuration or a usage error; what was read is written so that it
// reads back to the same.
#include <cstdlib>

#include "s4l/apps/config.h"
#include "s4l/core/error.h"

using namespace s4l;
using namespace s4l::apps;

namespace {

std::string written_again(const std::string& text) {
  Layer layer = layer_from_toml(text, "my.toml");
  // A place of pictures would be looked at.
  std::erase_if(layer, [](const Given& given) { return find_setting(given.name)->option.name == "data"; });
  return to_toml(combine("", {layer}));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  std::string text;
  try {
    text = written_again(std::string(reinterpret_cast<const char*>(bytes), count));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) std::abort();
    return 0;
  }
  if (written_again(text) != text) std::abort();
  return 0;
}
