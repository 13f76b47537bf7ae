#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace s4l::emulated {

/// Queues of work that nobody has done yet. Nothing runs before somebody has to wait; then, until the condition holds,
/// a random stream that can go on does one piece of its work: a wait that was forgotten shows.
class Streams {
 public:
  /// A point in a stream; waiting for one that was never recorded is no wait, as CUDA has it.
  struct Event;

  Streams();
  ~Streams();
  /// A new, empty stream; its address is the handle.
  void* make();
  void submit(void* stream, std::function<void()> work);
  /// The same but for a stream that somebody records, be it the calling thread: then nothing is done.
  void submit_unless_captured(void* stream, std::function<void()> work);
  std::shared_ptr<Event> record(void* stream);
  void wait(void* stream, std::shared_ptr<Event> event);
  /// Runs until `stream` is empty. No stream that can go on is an Error.
  void synchronize(void* stream);
  /// From now on what the calling thread submits to `stream` is recorded and not queued. What another thread submits
  /// there, waiting for the stream and ordering it with another one are Errors meanwhile.
  void begin_capture(void* stream);
  std::vector<std::function<void()>> end_capture();
  /// Whether the calling thread records; whether anybody records `stream`.
  bool capturing() const;
  bool captured(void* stream) const;
  /// Of the choice of streams.
  void set_seed(std::uint64_t seed);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The emulated device's streams.
Streams& streams();

}  // namespace s4l::emulated
