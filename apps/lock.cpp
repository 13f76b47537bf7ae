#include "s4l/apps/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "s4l/core/error.h"

namespace s4l::apps {
namespace {

// The holder removes its file on leaving: a lock on a file that no longer has the name holds nothing.
bool still_named(int descriptor, const std::string& path) {
  struct stat opened {
  }, named{};
  return fstat(descriptor, &opened) == 0 && stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino;
}

std::string holder_of(int descriptor) {
  char digits[32] = {};
  const ssize_t count = pread(descriptor, digits, sizeof digits - 1, 0);
  return count > 0 ? std::string(digits, static_cast<std::size_t>(count)) : "unknown";
}

}  // namespace

FolderLock::FolderLock(const std::string& folder) : path_(folder + "/.lock") {
  for (;;) {
    descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (descriptor_ < 0) fail(ErrorKind::io, "{}: {}", path_, std::strerror(errno));
    if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      const std::string holder = holder_of(descriptor_);
      close(descriptor_);
      fail(ErrorKind::io, "{}: in use by process {}", folder, holder);
    }
    if (still_named(descriptor_, path_)) break;
    close(descriptor_);
  }
  const std::string pid = std::to_string(getpid());
  // A pid that cannot be written only makes another process's message poorer.
  if (ftruncate(descriptor_, 0) != 0 || pwrite(descriptor_, pid.data(), pid.size(), 0) < 0) return;
}

FolderLock::~FolderLock() {
  unlink(path_.c_str());
  close(descriptor_);
}

}  // namespace s4l::apps
