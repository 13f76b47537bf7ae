// What is written from the table of options: settings with their origin, completions, the manual page; and splits.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "../core/new_folder.h"
#include "program.h"
#include "s4l/core/io/json.h"

using namespace s4l::test;

TEST_CASE("config shows every value and where it comes from, as TOML that a run reads") {
  const NewFolder folder;
  std::ofstream(folder / "my.toml") << "warmup-steps = 7\nmomentum = 0.5\n";
  const Words words = {"config", "rotation", "--config", "my.toml", "--lr0", "0.4", "--num-labels", "20"};
  const Surroundings surroundings{{{"S4L_MOMENTUM", "0.6"}}, {}, {}};
  const auto json = s4l::io::parse_json(run_s4l(folder.path(), words + Words{"--json"}, surroundings).out);
  const auto entry = [&](const char* name) {
    return json.at(name).at("value").string() + " " + json.at(name).at("from").string();
  };
  CHECK(entry("lr") == "0.4 --lr");
  CHECK(entry("momentum") == "0.6 S4L_MOMENTUM");
  CHECK(entry("warmup-steps") == "7 my.toml:1");
  CHECK(contains(entry("rot-weight"), "4 recipe things/rotation:"));
  CHECK(entry("prefetch") == "4 default");
  CHECK(entry("labels") == "20n --num-labels");
  CHECK(entry("eval-interval") == "0 chosen by the number of steps");

  const Outcome toml = run_s4l(folder.path(), words, surroundings);
  CHECK(toml.code == 0);
  CHECK(contains(toml.out, "# my.toml:1\n"));
  std::ofstream(folder / "all.toml") << toml.out;
  const auto again = s4l::io::parse_json(run_s4l(folder.path(), {"config", "--config", "all.toml", "--json"}).out);
  for (const auto& [name, value] : json.object()) CHECK(again.at(name).at("value").dump() == value.at("value").dump());

  const Outcome recipe = run_s4l(folder.path(), {"config", "rotation", "--recipe", "things/rotation-5min"});
  CHECK(contains(recipe.out, "# recipe things/rotation-5min:"));
}

TEST_CASE("completions know the commands, their options and the names that may follow") {
  const NewFolder folder;
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Outcome outcome = run_s4l(folder.path(), {"completion", shell});
    INFO(shell);
    CHECK(outcome.code == 0);
    for (const char* word : {"predict", "labels-per-class", "wrn-28-2", "things/rotation"})
      CHECK(contains(outcome.out, word));
  }
  std::ofstream(folder / "s4l.bash") << run_s4l(folder.path(), {"completion", "bash"}).out;
  const auto completed = [&](const std::string& words, int at) {
    const std::string script = "cd " + folder.path() + " && . ./s4l.bash && COMP_WORDS=(" + words +
                               ") && COMP_CWORD=" + std::to_string(at) + "; _s4l; echo \"${COMPREPLY[@]}\" > answer";
    REQUIRE(std::system(("bash -c '" + script + "'").c_str()) == 0);
    return content(folder / "answer");
  };
  CHECK(completed("s4l pre", 1) == "predict\n");
  CHECK(completed("s4l run superv", 2) == "supervised\n");
  CHECK(completed("s4l train rotation --img", 3) == "--img-size\n");
  CHECK(completed("s4l run rotation --model wrn-28-1", 4) == "wrn-28-10\n");
  CHECK(completed("s4l run vat --vat-kl c", 4) == "clean-first\n");
  CHECK(completed("s4l compare --equal ", 3) == "steps time\n");
}

TEST_CASE("the manual page holds every command and option") {
  const NewFolder folder;
  const std::string page = run_s4l(folder.path(), {"man"}).out;
  CHECK(page.starts_with(".TH S4L 1"));
  for (const char* part : {".SS \"s4l predict\"", "\\-\\-labels\\-per\\-class", "also \\-\\-imgsz", ".SH EXIT STATUS"})
    CHECK(contains(page, part));
}

TEST_CASE("a split is written, converted and read again as the same choice") {
  const NewFolder folder;
  const Words data = {"split", "--data-option", "train=100", "--data-option", "test=20"};
  const Outcome csv = run_s4l(folder.path(), data + Words{"--num-labels", "20", "--seed", "3"});
  INFO(csv.err);
  REQUIRE(csv.code == 0);
  CHECK(lines_in(csv.out) == 121);
  CHECK(contains(csv.err, "20 labelled, 100 unlabelled, 0 validation, 20 test"));
  std::ofstream(folder / "split.csv") << csv.out;
  for (const char* format : {"s4l", "fixmatch", "usb", "csv"}) {
    INFO(format);
    const Outcome written =
        run_s4l(folder.path(), data + Words{"--labels-file", "split.csv", "--format", format, "-o", format});
    INFO(written.err);
    REQUIRE(written.code == 0);
    const std::string first = written.out.substr(0, written.out.find('\n'));
    CHECK(run_s4l(folder.path(), data + Words{"--labels-file", first}).out == csv.out);
  }
}
