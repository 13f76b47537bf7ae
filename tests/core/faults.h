#pragma once
// Faults of the system, made by the hook of core/io/file.h.
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <string>

#include "s4l/core/error.h"
#include "s4l/core/io/file.h"

namespace s4l::test {

/// What an action that fails with an Error of `kind` says; empty if it succeeds.
inline std::string message_of(const std::function<void()>& action, ErrorKind kind = ErrorKind::io) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.kind() == kind);
    CHECK(std::string(error.what()).find('\n') == std::string::npos);
    return error.what();
  }
  return "";
}

struct Outcome {
  std::optional<io::Call> at;  ///< where the fault happened, if it came to that
  std::string message;
};

/// Runs `action` while the n-th call is answered with `fault`; a short write happens to writes alone.
inline Outcome with_fault(int n, int fault, const std::function<void()>& action) {
  Outcome outcome;
  int calls = 0;
  io::set_fault_hook([&](io::Call call, const std::string&) {
    if (++calls != n || (fault == io::kShortWrite && call != io::Call::write)) return 0;
    outcome.at = call;
    return fault;
  });
  outcome.message = message_of(action);
  io::set_fault_hook({});
  return outcome;
}

/// Runs `body` in a process of its own; its exit status, or minus the signal that killed it.
inline int exit_status_of(const std::function<void()>& body) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    body();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// Runs `action` in a process that ends without clean-up just before its n-th call; false if it got by with fewer.
inline bool dies_at(int n, const std::function<void()>& action) {
  const int status = exit_status_of([&] {
    int calls = 0;
    io::set_fault_hook([&](io::Call, const std::string&) {
      if (++calls == n) ::_exit(9);
      return 0;
    });
    action();
  });
  REQUIRE((status == 9 || status == 0));
  return status == 9;
}

}  // namespace s4l::test
