#include "s4l/core/io/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "s4l/core/error.h"

namespace s4l::io {
namespace {

FaultHook fault_hook;

[[noreturn]] void refuse(const std::string& path, const char* call, int reason) {
  fail(ErrorKind::io, "{}: {} failed: {}", path, call, std::strerror(reason));
}

/// One system call behind the hook, again as long as a signal interrupts it; negative, with errno, if it fails.
template <class Action>
auto attempt(Call call, const std::string& path, Action action) -> decltype(action(false)) {
  for (;;) {
    const int fault = fault_hook ? fault_hook(call, path) : 0;
    if (fault == 0 || fault == kShortWrite) {
      const auto result = action(fault == kShortWrite);
      if (result >= 0 || errno != EINTR) return result;
    } else if (fault != EINTR) {
      errno = fault;
      return -1;
    }
  }
}

template <class Action>
auto require(Call call, const std::string& path, Action action) -> decltype(action(false)) {
  const auto result = attempt(call, path, action);
  if (result < 0) refuse(path, name_of(call), errno);
  return result;
}

/// An open file, closed on every way out.
class OutputFile {
 public:
  OutputFile(Call call, const std::string& path, int flags)
      : path_(path), file_(require(call, path, [&](bool) { return ::open(path.c_str(), flags | O_CLOEXEC, 0666); })) {}
  ~OutputFile() {
    if (file_ >= 0) ::close(file_);
  }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  std::size_t write_some(std::string_view text) {
    const auto written = require(Call::write, path_, [&](bool cut_short) -> ssize_t {
      const ssize_t count = ::write(file_, text.data(), cut_short ? text.size() / 2 : text.size());
      if (!cut_short) return count;
      errno = ENOSPC;
      return -1;
    });
    return static_cast<std::size_t>(written);
  }
  void write(std::string_view text) {
    while (!text.empty()) text.remove_prefix(write_some(text));
  }

  void sync(Call call) {
    require(call, path_, [&](bool) {
      const int result = ::fsync(file_);
      return result < 0 && errno == EINVAL ? 0 : result;  // a file system that has nothing to sync here
    });
  }

  void close() {
    // Closed even where it fails, so never twice: the number may be another thread's file by then.
    require(Call::close, path_, [&](bool) {
      const int result = ::close(std::exchange(file_, -1));
      return result < 0 && errno == EINTR ? 0 : result;
    });
  }

 private:
  std::string path_;
  int file_;
};

std::string temporary_name(const std::string& path) { return path + ".tmp-" + std::to_string(::getpid()); }

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  return folder.empty() ? "." : folder;
}

/// Gives `temporary` the name `path`, for good.
void put_in_place(const std::string& temporary, const std::string& path) {
  require(Call::rename, path, [&](bool) { return ::rename(temporary.c_str(), path.c_str()); });
  OutputFile folder(Call::open_folder, folder_of(path), O_RDONLY | O_DIRECTORY);
  folder.sync(Call::fsync_folder);
}

/// Runs `make`, which creates `temporary`, and puts that in the place of `path`; it is gone if either fails.
template <class Make>
void replace(const std::string& path, Make make) {
  const std::string temporary = temporary_name(path);
  ::unlink(temporary.c_str());  // of a dead process that had our number
  try {
    make(temporary);
    put_in_place(temporary, path);
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
}

}  // namespace

const char* name_of(Call call) {
  switch (call) {
    case Call::open:
      return "open";
    case Call::write:
      return "write";
    case Call::fsync:
      return "fsync";
    case Call::close:
      return "close";
    case Call::symlink:
      return "symlink";
    case Call::rename:
      return "rename";
    case Call::open_folder:
      return "open of the folder";
    case Call::fsync_folder:
      return "fsync of the folder";
    case Call::remove:
      return "remove";
    case Call::read:
      return "read";
  }
  return "?";
}

void set_fault_hook(FaultHook hook) { fault_hook = std::move(hook); }

void save_atomically(const std::string& path, std::span<const std::string_view> parts) {
  replace(path, [&](const std::string& temporary) {
    OutputFile file(Call::open, temporary, O_WRONLY | O_CREAT | O_EXCL);
    for (const std::string_view part : parts) file.write(part);
    file.sync(Call::fsync);
    file.close();
  });
}

void save_atomically(const std::string& path, std::string_view content) {
  save_atomically(path, std::span<const std::string_view>(&content, 1));
}

void link_atomically(const std::string& path, const std::string& target) {
  replace(path, [&](const std::string& temporary) {
    require(Call::symlink, temporary, [&](bool) { return ::symlink(target.c_str(), temporary.c_str()); });
  });
}

void append(const std::string& path, std::string_view text) {
  OutputFile file(Call::open, path, O_WRONLY | O_CREAT | O_APPEND);
  if (file.write_some(text) != text.size()) refuse(path, name_of(Call::write), ENOSPC);
  file.close();
}

// Not blocking: opening a named pipe must not wait for a writer.
InputFile::InputFile(std::string path)
    : path_(std::move(path)), file_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (file_ < 0) refuse(path_, "open", errno);
  struct stat status {};
  const int reason = ::fstat(file_, &status) < 0 ? errno : S_ISDIR(status.st_mode) ? EISDIR : 0;
  if (reason != 0 || !S_ISREG(status.st_mode)) {
    ::close(file_);
    if (reason != 0) refuse(path_, "read", reason);
    fail(ErrorKind::io, "{}: expected a regular file", path_);
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
  changed_ = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

InputFile::~InputFile() { ::close(file_); }

void InputFile::read(void* to, std::size_t count) {
  auto* place = static_cast<char*>(to);
  while (count > 0) {
    const ssize_t got = ::read(file_, place, count);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) refuse(path_, "read", errno);
    if (got == 0) fail(ErrorKind::io, "{}: expected {} more bytes, got the end of the file", path_, count);
    place += got;
    count -= static_cast<std::size_t>(got);
  }
}

void InputFile::read_at(std::uint64_t offset, void* to, std::size_t count) const {
  auto* place = static_cast<char*>(to);
  while (count > 0) {
    const ssize_t got =
        require(Call::read, path_, [&](bool) { return ::pread(file_, place, count, static_cast<off_t>(offset)); });
    if (got == 0) fail(ErrorKind::io, "{}: expected {} more bytes, got the end of the file", path_, count);
    place += got;
    offset += static_cast<std::uint64_t>(got);
    count -= static_cast<std::size_t>(got);
  }
}

std::string read_file(const std::string& path) {
  InputFile file(path);
  std::string content(file.size(), '\0');
  file.read(content.data(), content.size());
  return content;
}

void make_folder(const std::string& path) {
  std::error_code reason;
  std::filesystem::create_directories(path, reason);
  if (reason) refuse(path, "make folder", reason.value());
}

bool make_new_folder(const std::string& path) {
  if (::mkdir(path.c_str(), 0777) == 0) return true;
  if (errno != EEXIST) refuse(path, "make folder", errno);
  return false;
}

void remove_file(const std::string& path) {
  const int result = attempt(Call::remove, path, [&](bool) { return ::unlink(path.c_str()); });
  if (result < 0 && errno != ENOENT) refuse(path, name_of(Call::remove), errno);
}

}  // namespace s4l::io
