#include "s4l/methods/report/event_file.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cmath>
#include <map>
#include <protozero/pbf_reader.hpp>

#include "../core/new_folder.h"
#include "s4l/core/error.h"
#include "s4l/core/io/crc32c.h"
#include "s4l/core/io/file.h"

using namespace s4l;
using methods::EventFile;

namespace {

struct Event {
  double wall_time = 0;
  std::int64_t step = 0;
  std::string version;
  bool start = false;
  std::map<std::string, double> values;
};

std::uint64_t number(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

void read_summary(protozero::pbf_reader summary, Event& event) {
  while (summary.next(1)) {
    protozero::pbf_reader value = summary.get_message();
    std::string tag;
    while (value.next())
      if (value.tag() == 1)
        tag = value.get_string();
      else
        event.values[tag] = static_cast<double>(value.get_float());
  }
}

Event event_from(const std::string& message) {
  Event event;
  protozero::pbf_reader reader(message);
  while (reader.next()) switch (reader.tag()) {
      case 1:
        event.wall_time = reader.get_double();
        break;
      case 2:
        event.step = reader.get_int64();
        break;
      case 3:
        event.version = reader.get_string();
        break;
      case 5:
        read_summary(reader.get_message(), event);
        break;
      case 7: {
        protozero::pbf_reader session = reader.get_message();
        event.start = session.next(1) && session.get_enum() == 1;
        break;
      }
      default:
        FAIL("unexpected field " << reader.tag());
    }
  return event;
}

/// Every record of a file, both CRCs of each checked.
std::vector<Event> events_in(const std::string& path) {
  const std::string bytes = io::read_file(path);
  std::vector<Event> events;
  for (std::size_t at = 0; at < bytes.size();) {
    REQUIRE(bytes.size() - at >= 16);
    const std::string length = bytes.substr(at, 8);
    REQUIRE(number(bytes.substr(at + 8, 4)) == io::masked_crc32c(length));
    REQUIRE(number(length) <= bytes.size() - at - 16);
    const std::string message = bytes.substr(at + 12, number(length));
    REQUIRE(number(bytes.substr(at + 12 + message.size(), 4)) == io::masked_crc32c(message));
    events.push_back(event_from(message));
    at += 16 + message.size();
  }
  return events;
}

}  // namespace

TEST_CASE("an event file holds its version and then every step's scalars") {
  const test::NewFolder folder;
  EventFile file(folder.path());
  CHECK(folder.names().empty());  // a run without rows leaves no file
  file.add(10, {{"train/loss", 2.5}, {"lr", 0.07}});
  file.add(300, {{"val/top-1-acc", 0.5}, {"val/loss", std::nan("")}});
  REQUIRE(folder.names().size() == 1);
  CHECK(folder.names()[0].rfind("events.out.tfevents.", 0) == 0);
  const auto events = events_in(folder / folder.names()[0]);
  REQUIRE(events.size() == 3);
  CHECK(events[0].version == "brain.Event:2");
  CHECK(events[1].step == 10);
  CHECK(events[1].values.at("train/loss") == 2.5);
  CHECK(events[1].values.at("lr") == Approx(0.07));
  CHECK(events[2].step == 300);
  CHECK(std::isnan(events[2].values.at("val/loss")));
  CHECK(events[1].wall_time > 1.7e9);
  CHECK(events[2].wall_time >= events[1].wall_time);
}

TEST_CASE("a resumed run tells TensorBoard which steps of earlier files no longer count") {
  const test::NewFolder folder;
  EventFile file(folder.path());
  file.resume(20);
  file.add(30, {{"lr", 1}});
  const auto events = events_in(folder / folder.names().at(0));
  REQUIRE(events.size() == 3);
  CHECK(events[1].start);
  CHECK(events[1].step == 21);
}

TEST_CASE("what could not be written comes with the next step, in a new file") {
  const test::NewFolder folder;
  EventFile file(folder.path());
  file.add(1, {{"lr", 1}});
  io::set_fault_hook([](io::Call call, const std::string&) { return call == io::Call::write ? io::kShortWrite : 0; });
  CHECK_THROWS_AS(file.add(2, {{"lr", 2}}), Error);
  io::set_fault_hook({});
  file.add(3, {{"lr", 3}});
  file.add(4, {{"lr", 4}});
  const auto names = folder.names();
  REQUIRE(names.size() == 2);
  const auto events = events_in(folder / names[1]);
  REQUIRE(events.size() == 4);
  for (std::int64_t step = 2; step <= 4; ++step) {
    CHECK(events[static_cast<std::size_t>(step - 1)].step == step);
    CHECK(events[static_cast<std::size_t>(step - 1)].values.at("lr") == static_cast<double>(step));
  }
}

TEST_CASE("without a folder nothing is written") {
  EventFile file("");
  file.resume(1);
  CHECK_NOTHROW(file.add(2, {{"lr", 1}}));
}
