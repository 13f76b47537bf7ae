// Any words, one a line, are a command line or a usage error.
#include <cstdlib>
#include <sstream>

#include "s4l/apps/commands.h"
#include "s4l/apps/config.h"
#include "s4l/core/error.h"

using namespace s4l;
using namespace s4l::apps;

namespace {

std::vector<std::string> words_in(const unsigned char* bytes, std::size_t count) {
  std::istringstream lines(std::string(reinterpret_cast<const char*>(bytes), count));
  std::vector<std::string> words;
  for (std::string word; std::getline(lines, word);) words.push_back(word);
  return words;
}

void read(const std::vector<std::string>& words) {
  const Command* command = words.empty() ? nullptr : find_command(words[0]);
  if (command == nullptr) return;
  const Arguments arguments = parse(command->line(), {words.begin() + 1, words.end()});
  if (command != find_command("run")) return;
  Layer layer = layer_from_arguments(arguments, arguments.positional);
  // A place of pictures would be looked at.
  std::erase_if(layer, [](const Given& given) { return find_setting(given.name)->option.name == "data"; });
  combine("", {layer});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  try {
    read(words_in(bytes, count));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::usage) std::abort();
  }
  return 0;
}
