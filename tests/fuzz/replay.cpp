// Gives a fuzz target every file of the folders that are named: what libFuzzer does with -runs=0, for any compiler.
#include <cstddef>
#include <cstdio>
#include <filesystem>

#include "s4l/core/io/file.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count);

int main(int argc, char** argv) {
  int replayed = 0;
  for (int i = 1; i < argc; ++i)
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      const std::string content = s4l::io::read_file(entry.path());
      LLVMFuzzerTestOneInput(reinterpret_cast<const unsigned char*>(content.data()), content.size());
      ++replayed;
    }
  std::printf("%d inputs replayed\n", replayed);
  return replayed > 0 ? 0 : 1;
}
