#include "s4l/core/checkpoint.h"

#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "s4l/tests/core/faults.h"
#include "s4l/tests/core/new_folder.h"

using namespace s4l;
using namespace s4l::test;
using Names = std::vector<std::string>;

namespace {

/// A state in which every part tells the step.
io::TensorFile state_of(std::int64_t step) {
  const auto value = static_cast<float>(step);
  return {{{"weight", full({3, 5}, value)},
           {"momentum", full({3, 5}, -value)},
           {"step", from_values(std::vector<std::int64_t>{step}, {})}},
          {{"step", std::to_string(step)}}};
}

/// The step of a state, all parts of which must tell the same.
std::int64_t step_of(const io::TensorFile& state) {
  const std::int64_t step = std::stoll(state.metadata.at("step"));
  const auto value = static_cast<float>(step);
  CHECK(values_of<std::int64_t>(*state.find("step"))[0] == step);
  CHECK(values_of<float>(*state.find("weight")) == std::vector<float>(15, value));
  CHECK(values_of<float>(*state.find("momentum")) == std::vector<float>(15, -value));
  return step;
}

/// The step of the newest checkpoint, where all of them must be whole.
std::int64_t newest_step(const CheckpointFolder& checkpoints) {
  std::vector<std::string> warnings;
  const std::int64_t step = step_of(checkpoints.load_newest(warnings));
  CHECK(warnings.empty());
  for (const std::string& path : checkpoints.paths()) step_of(io::load_tensors(path));
  return step;
}

void flip_last_byte(const std::string& path) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(-1, std::ios::end);
  const int byte = file.get();
  file.seekp(-1, std::ios::end).put(static_cast<char>(~byte));
}

}  // namespace

TEST_CASE("checkpoints are named by step, the link follows, and the newest are kept") {
  const NewFolder folder;
  CheckpointFolder checkpoints(folder / "run/checkpoints");
  CHECK(checkpoints.paths().empty());
  for (const std::int64_t step : {0, 500, 999999, 1000000}) checkpoints.save(step, state_of(step));
  CHECK(checkpoints.paths() ==
        Names{folder / "run/checkpoints/step-1000000.s4l", folder / "run/checkpoints/step-999999.s4l"});
  CHECK(std::filesystem::read_symlink(folder / "run/checkpoints/last.s4l") == "step-1000000.s4l");
  CHECK(step_of(io::load_tensors(folder / "run/checkpoints/last.s4l")) == 1000000);
  CHECK(newest_step(checkpoints) == 1000000);

  CheckpointFolder three(folder / "three", 3);
  for (const std::int64_t step : {1, 2, 3, 4}) three.save(step, state_of(step));
  CHECK(std::filesystem::exists(folder / "three/step-000002.s4l"));
  CHECK(three.paths().size() == 3);
  CHECK_THROWS_AS(CheckpointFolder(folder / "one", 1), Error);
  CHECK_THROWS_AS(three.save(-1, state_of(1)), Error);
}

TEST_CASE("the process dies at the n-th call of a save: the newest checkpoint is the old or the new one, whole") {
  bool died = true, seen_old = false, seen_new = false;
  int n = 1;
  for (; died; ++n) {
    const NewFolder folder;
    CheckpointFolder checkpoints(folder.path());
    checkpoints.save(100, state_of(100));
    checkpoints.save(200, state_of(200));
    died = dies_at(n, [&] { checkpoints.save(300, state_of(300)); });
    CAPTURE(n);
    const std::int64_t step = newest_step(checkpoints);
    REQUIRE((step == 200 || step == 300));
    (step == 200 ? seen_old : seen_new) = true;
    CHECK(checkpoints.paths().size() >= 2);
    step_of(io::load_tensors(folder / "last.s4l"));

    checkpoints.save(400, state_of(400));
    CHECK(newest_step(checkpoints) == 400);
    CHECK(folder.names().size() == 3);  // two checkpoints, the link, nothing temporary
  }
  CHECK(seen_old);
  CHECK(seen_new);
  CHECK(n == 18);  // it died at each of 16 calls, and not at a 17th
}

TEST_CASE("the n-th call of a save fails: all checkpoints are whole, the error says why, the next save works") {
  // open, 5 writes, fsync, close, rename, 2 calls for the folder; symlink, rename, 2 for the folder; one removal
  constexpr int kRename = 9, kCalls = 16;
  for (const int fault : {EIO, ENOSPC, EINTR, io::kShortWrite}) {
    for (int n = 1; n <= kCalls + 1; ++n) {
      const NewFolder folder;
      CheckpointFolder checkpoints(folder.path());
      checkpoints.save(100, state_of(100));
      checkpoints.save(200, state_of(200));
      const auto [at, message] = with_fault(n, fault, [&] { checkpoints.save(300, state_of(300)); });
      CAPTURE(fault, n, message);
      REQUIRE(at.has_value() == (fault == io::kShortWrite ? n >= 2 && n <= 6 : n <= kCalls));
      const bool failed = at && fault != EINTR;
      REQUIRE(message.empty() == !failed);
      if (failed)
        CHECK_THAT(message, Catch::Contains(folder.path()) && Catch::Contains(io::name_of(*at)) &&
                                Catch::Contains(std::strerror(fault == io::kShortWrite ? ENOSPC : fault)));
      const std::int64_t newest = newest_step(checkpoints);
      CHECK(newest == (failed && n <= kRename ? 200 : 300));
      for (const std::string& name : folder.names()) CHECK(name.find("tmp") == name.npos);
      step_of(io::load_tensors(folder / "last.s4l"));

      checkpoints.save(400, state_of(400));
      CHECK(newest_step(checkpoints) == 400);
      CHECK(folder.names() == Names{"last.s4l", "step-000" + std::to_string(newest) + ".s4l", "step-000400.s4l"});
    }
  }
}

TEST_CASE("a damaged checkpoint is passed over with a warning that says why, and gone after the next save") {
  const NewFolder folder;
  CheckpointFolder checkpoints(folder.path());
  for (const std::int64_t step : {100, 200, 300}) checkpoints.save(step, state_of(step));
  flip_last_byte(folder / "step-000300.s4l");
  std::vector<std::string> warnings;
  CHECK(step_of(checkpoints.load_newest(warnings)) == 200);
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Catch::Contains("step-000300.s4l: tensor \"momentum\": damaged"));

  checkpoints.save(250, state_of(250));  // the run went on from 200
  CHECK(newest_step(checkpoints) == 250);
  CHECK(checkpoints.paths().size() == 2);

  for (const std::string& path : checkpoints.paths()) std::filesystem::resize_file(path, 40);
  warnings.clear();
  CHECK_THAT(message_of([&] { checkpoints.load_newest(warnings); }, ErrorKind::data),
             Catch::Contains(folder.path()) && Catch::Contains("2 that are damaged"));
  CHECK(warnings.size() == 2);
  CHECK_THAT(message_of([&] { CheckpointFolder(folder / "none").load_newest(warnings); }, ErrorKind::data),
             Catch::Contains("got none"));
}

TEST_CASE("temporaries and files of other names are no checkpoints") {
  const NewFolder folder;
  CheckpointFolder checkpoints(folder.path());
  checkpoints.save(7, state_of(7));
  for (const char* name :
       {"step-000009.s4l.tmp-123", "step-9.s4l", "step-0000009.s4l", "step--00009.s4l", "step-000009.s4", "best.s4l",
        "step-99999999999999999999.s4l", "xstep-000009.s4l", "step-.s4l"})
    io::append(folder / name, "x");
  CHECK(checkpoints.paths() == Names{folder / "step-000007.s4l"});
  CHECK(newest_step(checkpoints) == 7);
  checkpoints.save(8, state_of(8));
  CHECK_FALSE(std::filesystem::exists(folder / "step-000009.s4l.tmp-123"));
  CHECK(std::filesystem::exists(folder / "best.s4l"));
}

TEST_CASE("restore fills tensors in place and advances their versions, or names what does not fit and fills none") {
  const io::TensorFile file = state_of(4);
  const Tensor weight = zeros({3, 5}), step = zeros({}, DType::i64);
  const std::uint64_t before = weight.version();
  restore(file, {{"weight", weight}, {"step", step}});
  CHECK(values_of<float>(weight) == std::vector<float>(15, 4.0f));
  CHECK(values_of<std::int64_t>(step)[0] == 4);
  CHECK(weight.version() > before);

  const auto refused = [&](const std::string& name, const Tensor& wrong) {
    const Tensor fits = zeros({3, 5});
    const std::string message = message_of([&] { restore(file, {{"weight", fits}, {name, wrong}}); }, ErrorKind::data);
    CHECK(values_of<float>(fits) == std::vector<float>(15, 0.0f));
    return message;
  };
  CHECK_THAT(refused("bias", zeros({5})), Catch::Contains("expected bias f32 (5), got none"));
  CHECK_THAT(refused("momentum", zeros({5, 3})), Catch::Contains("expected momentum f32 (5, 3), got f32 (3, 5)"));
  CHECK_THAT(refused("step", zeros({}, DType::i32)), Catch::Contains("expected step i32 (), got i64 ()"));
}
