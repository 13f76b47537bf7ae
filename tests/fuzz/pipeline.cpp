// Any text is a pipeline or an error of kind usage in one line. A pipeline still is one with a rotation put in, and
// gives as many views of a small picture as it says, unless the picture does not suit it.
#include "s4l/data/transforms/pipeline.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "s4l/core/error.h"

using namespace s4l;
using namespace s4l::data;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

/// No number in the text is above 9: running it takes microseconds.
bool is_small(const std::string& text) {
  int digits = 0, longest = 0;
  for (const char c : text)
    longest = std::max(longest, digits = std::isdigit(static_cast<unsigned char>(c)) ? digits + 1 : 0);
  return longest <= 1 && text.size() < 100;
}

void run(const Pipeline& pipeline, bool train) {
  const Image image(5, 7);
  Rng rng(1, Purpose::test);
  try {
    require(static_cast<int>(pipeline.run(image, rng, train).size()) == pipeline.host_views());
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::data);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  const std::string text(reinterpret_cast<const char*>(bytes), count);
  try {
    const Pipeline pipeline(text);
    require(pipeline.views() >= 1);
    // By its length one text of four, so that most of the time is the parser's.
    if (count % 4 == 0 && pipeline.tail().rotations == 1 && text.find("rotate") == std::string::npos)
      require(Pipeline(with_operations(text, "rotate")).views() == 4 * pipeline.views());
    if (count % 4 == 1 && is_small(text)) run(pipeline, count % 8 == 1);
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::usage);
    const std::string message = error.what();
    require(std::none_of(message.begin(), message.end(), [](char c) { return c == '\n' || c == '\r'; }));
  }
  return 0;
}
