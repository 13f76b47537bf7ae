#include "s4l/core/io/file.h"

#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "s4l/tests/core/faults.h"
#include "s4l/tests/core/new_folder.h"

using namespace s4l;
using namespace s4l::test;
using Names = std::vector<std::string>;

namespace {

const std::vector<std::string_view> kTwoParts = {"new ", "content"};

}  // namespace

TEST_CASE("an atomic save writes its parts one after the other and replaces what was there") {
  const NewFolder folder;
  const std::vector<std::string_view> parts = {"one", "", {"two\0three", 9}};
  io::save_atomically(folder / "a", parts);
  CHECK(io::read_file(folder / "a") == std::string("onetwo\0three", 12));
  io::save_atomically(folder / "a", "new");
  CHECK(io::read_file(folder / "a") == "new");
  io::save_atomically(folder / "a", std::string_view{});
  CHECK(io::read_file(folder / "a").empty());
  CHECK(folder.names() == Names{"a"});
}

TEST_CASE("the n-th call of a save fails: old or new content, nothing temporary, the error says why, the next works") {
  for (const int fault : {EIO, ENOSPC, EDQUOT, io::kShortWrite}) {
    for (int n = 1; n <= 9; ++n) {
      const NewFolder folder;
      io::save_atomically(folder / "a", "old");
      const auto [at, message] = with_fault(n, fault, [&] { io::save_atomically(folder / "a", kTwoParts); });
      CAPTURE(fault, n, message);
      const bool renamed = !at || *at > io::Call::rename;
      CHECK(io::read_file(folder / "a") == (renamed ? "new content" : "old"));
      CHECK(folder.names() == Names{"a"});
      // open, two writes, fsync, close, rename, open and fsync of the folder
      REQUIRE(at.has_value() == (fault == io::kShortWrite ? n == 2 || n == 3 : n <= 8));
      if (at) {
        CHECK_THAT(message, Catch::Contains(folder.path()) && Catch::Contains(io::name_of(*at)) &&
                                Catch::Contains(std::strerror(fault == io::kShortWrite ? ENOSPC : fault)));
      } else {
        CHECK(message.empty());
      }
      io::save_atomically(folder / "a", "next");
      CHECK(io::read_file(folder / "a") == "next");
    }
  }
}

TEST_CASE("an interrupted call of a save is made again") {
  for (int n = 1; n <= 8; ++n) {
    const NewFolder folder;
    const auto [at, message] = with_fault(n, EINTR, [&] { io::save_atomically(folder / "a", kTwoParts); });
    CHECK(at.has_value());
    CHECK(message.empty());
    CHECK(io::read_file(folder / "a") == "new content");
    CHECK(folder.names() == Names{"a"});
  }
}

TEST_CASE("a link is replaced atomically, whichever of its calls fails") {
  for (int n = 1; n <= 5; ++n) {
    const NewFolder folder;
    io::link_atomically(folder / "last", "old");
    const auto [at, message] = with_fault(n, EIO, [&] { io::link_atomically(folder / "last", "new"); });
    REQUIRE(at.has_value() == (n <= 4));
    CHECK(message.empty() == !at);
    CHECK(std::filesystem::read_symlink(folder / "last") == (!at || *at > io::Call::rename ? "new" : "old"));
    CHECK(folder.names() == Names{"last"});
  }
}

TEST_CASE("the process dies at the n-th call of a save: the file is the old or the new one") {
  bool died = true;
  int n = 1;
  for (; died; ++n) {
    const NewFolder folder;
    io::save_atomically(folder / "a", "old");
    died = dies_at(n, [&] { io::save_atomically(folder / "a", "new"); });
    CHECK(io::read_file(folder / "a") == (n <= 5 ? "old" : "new"));
    io::save_atomically(folder / "a", "next");
    CHECK(io::read_file(folder / "a") == "next");
  }
  CHECK(n == 9);
}

TEST_CASE("a temporary file left by a dead process of the same number is no obstacle") {
  const NewFolder folder;
  io::append(folder / ("a.tmp-" + std::to_string(::getpid())), "rest");
  io::save_atomically(folder / "a", "new");
  CHECK(io::read_file(folder / "a") == "new");
  CHECK(folder.names() == Names{"a"});
}

TEST_CASE("a save that meets a size limit after a truly short write leaves the old file") {
  const NewFolder folder;
  io::save_atomically(folder / "a", "old");
  const int status = exit_status_of([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    const std::string message = message_of([&] { io::save_atomically(folder / "a", std::string(1500, 'x')); });
    ::_exit(message.find("write failed: File too large") == std::string::npos ? 1 : 7);
  });
  CHECK(status == 7);
  CHECK(io::read_file(folder / "a") == "old");
  CHECK(folder.names() == Names{"a"});
}

TEST_CASE("a truly full disk: the save fails, says so, leaves no trace, and works again once there is room") {
  const NewFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    WARN("skipped: this process may not mount a tmpfs");
    return;
  }
  io::save_atomically(folder / "a", "old");
  const std::string large(2 << 20, 'x');
  const std::string message = message_of([&] { io::save_atomically(folder / "a", large); });
  CHECK_THAT(message, Catch::Contains(folder.path()) && Catch::Contains(std::strerror(ENOSPC)));
  CHECK(io::read_file(folder / "a") == "old");
  CHECK(folder.names() == Names{"a"});
  const std::string fitting(900 << 10, 'y');
  io::save_atomically(folder / "a", fitting);
  CHECK(io::read_file(folder / "a") == fitting);
  ::umount(folder.path().c_str());
}

TEST_CASE("append adds whole lines and names a full device") {
  const NewFolder folder;
  io::append(folder / "log", "one\n");
  io::append(folder / "log", "two\n");
  CHECK(io::read_file(folder / "log") == "one\ntwo\n");
  CHECK_THAT(message_of([] { io::append("/dev/full", "line\n"); }),
             Catch::Contains("/dev/full: write failed: No space left on device"));
}

TEST_CASE("paths that cannot be read or made are errors that name them") {
  const NewFolder folder;
  CHECK_THAT(message_of([&] { io::read_file(folder / "none"); }),
             Catch::Contains("/none: open failed: No such file or directory"));
  CHECK_THAT(message_of([&] { io::read_file(folder.path()); }), Catch::Contains("Is a directory"));
  CHECK_THAT(message_of([] { io::read_file("/dev/zero"); }), Catch::Contains("expected a regular file"));
  CHECK_THAT(message_of([&] { io::save_atomically(folder / "none/a", "x"); }), Catch::Contains("open failed"));
  io::save_atomically(folder / "file", "x");
  CHECK_THAT(message_of([&] {
               char two[2];
               io::InputFile(folder / "file").read(two, 2);
             }),
             Catch::Contains("expected 1 more bytes, got the end of the file"));
  CHECK_THAT(message_of([&] { io::make_folder(folder / "file/b"); }), Catch::Contains("file/b"));
  CHECK_THAT(message_of([&] { io::make_new_folder(folder / "none/b"); }), Catch::Contains("none/b"));
}

TEST_CASE("folders are made with their parents, a new one only once, and removing nothing is no error") {
  const NewFolder folder;
  io::make_folder(folder / "a/b/c");
  io::make_folder(folder / "a/b/c");
  CHECK(io::make_new_folder(folder / "run"));
  CHECK_FALSE(io::make_new_folder(folder / "run"));
  io::save_atomically(folder / "run/x", "x");
  io::remove_file(folder / "run/x");
  io::remove_file(folder / "run/x");
  CHECK_THROWS_AS(io::read_file(folder / "run/x"), Error);
}
