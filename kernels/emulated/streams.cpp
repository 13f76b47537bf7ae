#include "s4l/kernels/emulated/streams.h"

#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "s4l/core/error.h"
#include "s4l/core/rng.h"
#include "s4l/kernels/emulated/device_memory.h"
#include "s4l/kernels/emulated/executor.h"

namespace s4l::emulated {

struct Streams::Event {
  bool recorded = false;  ///< whether its stream has come to it
};

namespace {

/// One piece of a stream's work: something to do, or an event to wait for before.
struct Piece {
  std::function<void()> work;
  std::shared_ptr<Streams::Event> event;
};

}  // namespace

struct Streams::State {
  std::recursive_mutex mutex;  // work may submit more
  std::vector<std::unique_ptr<std::deque<Piece>>> queues;
  Rng rng{0, Purpose::test};
  void* captured = nullptr;  ///< the stream whose work is being recorded
  std::thread::id capturing_thread;
  std::vector<std::function<void()>> recorded;

  bool records() const { return captured != nullptr && std::this_thread::get_id() == capturing_thread; }

  void refuse_in_capture(void* stream, const char* what) const {
    check(stream != captured, "emulated device: expected no {} while work is captured, got one", what);
  }

  std::deque<Piece>& queue(void* stream) { return *static_cast<std::deque<Piece>*>(stream); }

  static bool can_go_on(const std::deque<Piece>& queue) {
    return !queue.empty() && (queue.front().event == nullptr || queue.front().event->recorded);
  }

  void advance_one() {
    std::vector<std::deque<Piece>*> able;
    for (const auto& queue : queues)
      if (can_go_on(*queue)) able.push_back(queue.get());
    check(!able.empty(), "emulated device: expected a stream that can go on, got {} that wait for each other",
          queues.size());
    std::deque<Piece>& chosen = *able[static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(able.size())))];
    const Piece piece = std::move(chosen.front());
    chosen.pop_front();
    if (piece.work) piece.work();
  }
};

Streams::Streams() : state_(std::make_unique<State>()) {}
Streams::~Streams() = default;

void* Streams::make() {
  const std::lock_guard lock(state_->mutex);
  state_->queues.push_back(std::make_unique<std::deque<Piece>>());
  return state_->queues.back().get();
}

void Streams::submit(void* stream, std::function<void()> work) {
  const std::lock_guard lock(state_->mutex);
  if (stream != state_->captured) return state_->queue(stream).push_back({std::move(work), nullptr});
  check(state_->records(),
        "emulated device: expected no work from another thread while a stream is captured, got some");
  state_->recorded.push_back(std::move(work));
}

void Streams::submit_unless_captured(void* stream, std::function<void()> work) {
  const std::lock_guard lock(state_->mutex);
  if (stream != state_->captured) submit(stream, std::move(work));
}

std::shared_ptr<Streams::Event> Streams::record(void* stream) {
  const std::lock_guard lock(state_->mutex);
  state_->refuse_in_capture(stream, "event");
  auto event = std::make_shared<Event>();
  submit(stream, [event] { event->recorded = true; });
  return event;
}

void Streams::wait(void* stream, std::shared_ptr<Event> event) {
  if (event == nullptr) return;
  const std::lock_guard lock(state_->mutex);
  state_->refuse_in_capture(stream, "wait");
  state_->queue(stream).push_back({nullptr, std::move(event)});
}

void Streams::synchronize(void* stream) {
  const std::lock_guard lock(state_->mutex);
  state_->refuse_in_capture(stream, "synchronisation");
  const AccessToDeviceMemory access;  // once for all the work: protecting pages takes longer than most kernels
  while (!state_->queue(stream).empty()) state_->advance_one();
}

void Streams::begin_capture(void* stream) {
  const std::lock_guard lock(state_->mutex);
  check(state_->captured == nullptr, "emulated device: expected one capture at a time, got a second");
  state_->captured = stream;
  state_->capturing_thread = std::this_thread::get_id();
}

std::vector<std::function<void()>> Streams::end_capture() {
  const std::lock_guard lock(state_->mutex);
  state_->captured = nullptr;
  return std::exchange(state_->recorded, {});
}

bool Streams::capturing() const {
  const std::lock_guard lock(state_->mutex);
  return state_->records();
}

bool Streams::captured(void* stream) const {
  const std::lock_guard lock(state_->mutex);
  return state_->captured == stream;
}

void Streams::set_seed(std::uint64_t seed) {
  const std::lock_guard lock(state_->mutex);
  state_->rng = Rng(seed, Purpose::test);
}

Streams& streams() {
  static auto* all = new Streams;  // never destroyed: tensors may outlive main's statics
  return *all;
}

void submit(void* stream, std::function<void()> work) {
  if (stream == nullptr)
    work();
  else
    streams().submit(stream, std::move(work));
}

}  // namespace s4l::emulated
