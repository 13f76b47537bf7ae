// Any bytes are JSON or an error of kind data; what was read is written so that it reads back the same.
#include "s4l/core/io/json.h"

#include <cstdlib>

#include "s4l/core/error.h"

using namespace s4l;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  io::Json json;
  try {
    json = io::parse_json(std::string(reinterpret_cast<const char*>(bytes), count));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) std::abort();
    return 0;
  }
  const std::string text = json.dump();
  if (io::parse_json(text).dump() != text || io::parse_json(json.dump(2)).dump() != text) std::abort();
  return 0;
}
