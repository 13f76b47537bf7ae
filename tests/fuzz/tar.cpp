// Any bytes are a tar archive whose files lie inside it, or an error of kind data. The checksums of headers are put
// right first, so that what lies behind them is reached.
#include "s4l/data/tar.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "s4l/core/error.h"

using namespace s4l;

namespace {

constexpr std::size_t kBlock = 512;

void mend_checksums(std::string& archive) {
  for (std::size_t at = 0; at + kBlock <= archive.size(); at += kBlock) {
    if (archive.compare(at + 257, 5, "ustar") != 0) continue;
    archive.replace(at + 148, 8, "        ");
    unsigned sum = 0;
    for (std::size_t i = 0; i < kBlock; ++i) sum += static_cast<unsigned char>(archive[at + i]);
    char digits[8];
    std::snprintf(digits, sizeof digits, "%06o", sum);
    archive.replace(at + 148, 7, digits, 7);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* bytes, std::size_t count) {
  std::string archive(reinterpret_cast<const char*>(bytes), count);
  mend_checksums(archive);
  const data::ReadAt read = [&](std::uint64_t offset, void* to, std::size_t size) {
    if (offset > archive.size() || size > archive.size() - offset) std::abort();
    std::memcpy(to, archive.data() + offset, size);
  };
  try {
    for (const data::TarFile& file : data::tar_files(read, archive.size()))
      if (file.path.empty() || file.offset > archive.size() || file.bytes > archive.size() - file.offset) std::abort();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) std::abort();
  }
  return 0;
}
