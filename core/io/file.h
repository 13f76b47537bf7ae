#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace s4l::io {

/// The system calls of a save, in the order in which they happen, and of reading; tests make the n-th fail or die
/// there.
enum class Call { open, write, fsync, close, symlink, rename, open_folder, fsync_folder, remove, read };
const char* name_of(Call call);

/// Asked before each call: 0 lets it happen, an errno makes it fail with that; it may also end the process.
/// A `write` hook may return kShortWrite: half the bytes are written, then ENOSPC.
inline constexpr int kShortWrite = -1;
using FaultHook = std::function<int(Call call, const std::string& path)>;
/// Installs a hook for tests; an empty one removes it.
void set_fault_hook(FaultHook hook);

/// Replaces `path` by these parts, one after the other, or leaves it untouched: written as path.tmp-<pid>,
/// fsync, rename, fsync of the folder. Throws Error(io) that names path, call and the system's reason; no
/// temporary file is left. If only the last fsync fails, the new content is there but may not outlive a
/// power loss.
void save_atomically(const std::string& path, std::span<const std::string_view> parts);
void save_atomically(const std::string& path, std::string_view content);
/// Makes `path` a symbolic link to `target`, in place of what it was, as atomically as save_atomically.
void link_atomically(const std::string& path, const std::string& target);
/// Appends to a log with one write call, so that a line is never torn by another process.
void append(const std::string& path, std::string_view text);

/// A regular file open for reading.
class InputFile {
 public:
  explicit InputFile(std::string path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// Bytes it had when it was opened.
  std::uint64_t size() const { return size_; }
  /// When its content last changed, in ns since 1970.
  std::int64_t changed() const { return changed_; }
  /// Reads the next `count` bytes; throws Error(io) if there are fewer.
  void read(void* to, std::size_t count);
  /// Reads `count` bytes at `offset`, likewise; several threads may. Asks the fault hook.
  void read_at(std::uint64_t offset, void* to, std::size_t count) const;

 private:
  std::string path_;
  int file_;
  std::uint64_t size_ = 0;
  std::int64_t changed_ = 0;
};

/// The whole content of a regular file; throws Error(io).
std::string read_file(const std::string& path);
/// Makes `path` and its parents; no error if it exists.
void make_folder(const std::string& path);
/// Makes the new folder `path`; false if it exists already.
bool make_new_folder(const std::string& path);
/// Removes a file or a link; no error if there is none.
void remove_file(const std::string& path);

}  // namespace s4l::io
