// Power may go at any call of a save. What was not yet synced is then lost in any combination: bytes of files,
// and names that were made, moved or removed. Each such state of the disk is made, and must load.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>

#include "s4l/core/checkpoint.h"
#include "s4l/core/io/file.h"
#include "s4l/core/rng.h"
#include "s4l/tests/core/new_folder.h"

using namespace s4l;
using test::NewFolder;

namespace {

struct Traced {
  io::Call call;
  std::string name;
};
using Disk = std::map<std::string, std::string>;  // content by name; of the link, its target

io::TensorFile state_of(float value) {
  return {{{"a", full({40}, value)}, {"b", full({40}, -value)}}, {{"value", std::to_string(value)}}};
}

std::vector<Traced> trace_of_save(CheckpointFolder& checkpoints, std::int64_t step) {
  std::vector<Traced> trace;
  io::set_fault_hook([&](io::Call call, const std::string& path) {
    trace.push_back({call, std::filesystem::path(path).filename()});
    return 0;
  });
  checkpoints.save(step, state_of(static_cast<float>(step)));
  io::set_fault_hook({});
  return trace;
}

/// A part of the blocks of `bytes`, the others zero, cut somewhere.
std::string torn(std::string bytes, Rng& rng) {
  constexpr std::size_t kBlock = 64;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (i % kBlock == 0 && rng.coin()) bytes.replace(i, kBlock, std::min(kBlock, bytes.size() - i), '\0');
  return bytes.substr(0, static_cast<std::size_t>(rng.below(static_cast<std::int64_t>(bytes.size()))));
}

/// The disk after the calls of `trace` where the changes of names not synced last in part, as `lost` says bit by bit.
Disk disk_after(Disk disk, const std::vector<Traced>& trace, const Disk& complete, unsigned lost, Rng& rng) {
  std::size_t synced_names = 0;
  bool synced_bytes = false;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    if (trace[i].call == io::Call::fsync_folder) synced_names = i;
    synced_bytes |= trace[i].call == io::Call::fsync;
  }
  unsigned change = 0;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    const auto& [call, name] = trace[i];
    if (call != io::Call::rename && call != io::Call::remove) continue;
    if (i >= synced_names && (lost >> change++ & 1u)) continue;
    if (call == io::Call::remove) {
      disk.erase(name);
    } else {
      const std::string& bytes = complete.at(name);
      disk[name] = synced_bytes || name == "last.s4l" ? bytes : torn(bytes, rng);
    }
  }
  return disk;
}

void make(const std::string& folder, const Disk& disk) {
  std::filesystem::remove_all(folder);
  std::filesystem::create_directory(folder);
  for (const auto& [name, content] : disk) {
    if (name == "last.s4l") {
      std::filesystem::create_symlink(content, folder + "/" + name);
    } else {
      io::append(folder + "/" + name, content);
    }
  }
}

}  // namespace

TEST_CASE("power goes at any call of a save: the newest checkpoint is the old or the new one, without a damaged one") {
  const NewFolder folder;
  CheckpointFolder checkpoints(folder / "run");
  Disk before, complete;
  const auto note = [&](Disk& disk, const std::string& name) { disk[name] = io::read_file(folder / ("run/" + name)); };
  for (const std::int64_t step : {100, 200}) checkpoints.save(step, state_of(static_cast<float>(step)));
  note(before, "step-000100.s4l");
  note(before, "step-000200.s4l");
  before["last.s4l"] = "step-000200.s4l";
  const std::vector<Traced> trace = trace_of_save(checkpoints, 300);
  note(complete, "step-000300.s4l");
  complete["last.s4l"] = "step-000300.s4l";
  REQUIRE(trace.size() == 15);
  constexpr std::size_t kRenamed = 8, kKept = 10;  // calls after which it may be the new one, and must be

  Rng rng(4, Purpose::test);
  for (std::size_t calls = 0; calls <= trace.size(); ++calls) {
    const std::vector<Traced> done(trace.begin(), trace.begin() + static_cast<std::ptrdiff_t>(calls));
    for (unsigned lost = 0; lost < 32; ++lost) {
      make(folder / "lost", disk_after(before, done, complete, lost, rng));
      CAPTURE(calls, lost);
      std::vector<std::string> warnings;
      const io::TensorFile state = CheckpointFolder(folder / "lost").load_newest(warnings);
      REQUIRE(warnings.empty());
      const bool is_new = state.metadata.at("value") == std::to_string(300.0f);
      REQUIRE((is_new || calls < kKept));
      REQUIRE((!is_new || calls >= kRenamed));
      REQUIRE(std::filesystem::exists(folder / "lost/last.s4l"));  // it never points to nothing
    }
  }
}
