// Any file is a safetensors file or an error of kind data. From the first byte on it is a whole file or, if that
// byte is odd, a header alone: length and 64 bytes of tensors are added, for few random files get that far.
#include "s4l/core/io/safetensors.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

using namespace s4l;

namespace {

std::string file_from(const unsigned char* bytes, std::size_t count) {
  if (count == 0) return {};
  const std::string rest(reinterpret_cast<const char*>(bytes + 1), count - 1);
  if (bytes[0] % 2 == 0) return rest;
  const std::uint64_t length = rest.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + rest + std::string(64, 'x');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  static const int file = ::memfd_create("input", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  const std::string content = file_from(bytes, count);
  if (::ftruncate(file, 0) != 0) std::abort();
  if (::pwrite(file, content.data(), content.size(), 0) != static_cast<ssize_t>(content.size())) std::abort();
  try {
    io::load_tensors(path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) std::abort();
  }
  return 0;
}
