#include "s4l/methods/report/event_file.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <protozero/pbf_writer.hpp>

#include "s4l/core/io/crc32c.h"
#include "s4l/core/io/file.h"

namespace s4l::methods {
namespace {

// Field numbers of tensorflow/core/util/event.proto and framework/summary.proto.
enum Event : protozero::pbf_tag_type { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7 };
enum Summary : protozero::pbf_tag_type { kValue = 1 };
enum Value : protozero::pbf_tag_type { kTag = 1, kSimpleValue = 2 };
enum SessionLog : protozero::pbf_tag_type { kStatus = 1 };
constexpr int kStatusStart = 1;

double time_of_day() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "localhost";
}

template <class Number>
std::string little_endian(Number number) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof number; ++i) bytes += static_cast<char>((number >> (8 * i)) & 0xFF);
  return bytes;
}

/// A record: length, its CRC, the message, its CRC.
std::string record(const std::string& message) {
  const std::string length = little_endian(std::uint64_t{message.size()});
  return length + little_endian(io::masked_crc32c(length)) + message + little_endian(io::masked_crc32c(message));
}

/// The record of an Event that `fill` completes.
template <class Fill>
std::string event(const Fill& fill) {
  std::string message;
  protozero::pbf_writer writer(message);
  writer.add_double(kWallTime, time_of_day());
  fill(writer);
  return record(message);
}

}  // namespace

void EventFile::resume(std::int64_t step) {
  pending_ += event([&](protozero::pbf_writer& writer) {
    writer.add_int64(kStep, step + 1);  // the first that is not in an earlier file
    protozero::pbf_writer session(writer, kSessionLog);
    session.add_enum(kStatus, kStatusStart);
  });
}

void EventFile::add(std::int64_t step, const std::vector<std::pair<std::string, double>>& values) {
  if (folder_.empty()) return;
  pending_ += event([&](protozero::pbf_writer& writer) {
    writer.add_int64(kStep, step);
    protozero::pbf_writer summary(writer, kSummary);
    for (const auto& [tag, value] : values) {
      protozero::pbf_writer one(summary, kValue);
      one.add_string(kTag, tag);
      one.add_float(kSimpleValue, static_cast<float>(value));
    }
  });
  write();
}

void EventFile::write() {
  std::string path = std::exchange(path_, ""), text = pending_;
  if (path.empty()) {
    path = folder_ + "/events.out.tfevents." + std::to_string(static_cast<std::int64_t>(time_of_day())) + "." +
           host_name() + "." + std::to_string(getpid());
    if (files_++ > 0) path += "." + std::to_string(files_);
    text.insert(0, event([](protozero::pbf_writer& writer) { writer.add_string(kFileVersion, "brain.Event:2"); }));
  }
  io::append(path, text);
  path_ = path;
  pending_.clear();
}

}  // namespace s4l::methods
