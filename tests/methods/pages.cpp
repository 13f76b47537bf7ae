// The pages of docs/methods/ put the code beside the equation: it has to be there.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <sstream>

#include "s4l/core/io/file.h"

using namespace s4l;
namespace fs = std::filesystem;

namespace {

std::string without_spaces(std::string text) {
  std::erase_if(text, [](char c) { return c == ' ' || c == '\n' || c == '\\'; });
  return text;
}

/// What lies between `begin` and `end`, each time.
std::vector<std::string> between(const std::string& text, const std::string& begin, char end) {
  std::vector<std::string> found;
  for (std::size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += begin.size();
    const std::size_t stop = std::min(text.find(end, at), text.size());
    found.push_back(text.substr(at, stop - at));
    at = std::min(stop + 1, text.size());
  }
  return found;
}

/// The second cell of each row of the page's tables of equations.
std::vector<std::string> code_cells(const std::string& page) {
  std::vector<std::string> cells;
  std::istringstream lines(page);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    const bool head = line.starts_with("| equation |");
    inside = head || (inside && line.starts_with("|"));
    if (inside && !head && !line.starts_with("| ---")) cells.push_back(line.substr(line.rfind(" | ", line.size() - 3)));
  }
  return cells;
}

/// The pieces of quoted code, which "..." separates.
std::vector<std::string> pieces(const std::string& code) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at <= code.size();) {
    const std::size_t stop = std::min(code.find("...", at), code.size());
    if (stop > at) found.push_back(without_spaces(code.substr(at, stop - at)));
    at = stop + 3;
  }
  return found;
}

}  // namespace

TEST_CASE("the code that a method's page has beside an equation is in the files that the page names") {
  const fs::path folder = fs::path(S4L_SOURCE_DIR) / "docs/methods";
  int compared = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string page = io::read_file(entry.path());
    std::string sources;
    for (const std::string& link : between(page, "](../../", ')')) sources += io::read_file(folder / "../.." / link);
    sources = without_spaces(sources);
    for (const std::string& cell : code_cells(page))
      for (const std::string& code : between(cell, "`", '`'))
        for (const std::string& piece : pieces(code)) {
          INFO(entry.path().filename() << ": " << code);
          CHECK(sources.find(piece) != std::string::npos);
          ++compared;
        }
  }
  CHECK(compared >= 80);
}
