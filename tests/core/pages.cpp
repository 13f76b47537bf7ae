// The pages docs/adding-*.md show whole files of the tree: they have to be those files.
#include <catch2/catch.hpp>
#include <filesystem>
#include <set>
#include <sstream>

#include "s4l/core/io/file.h"

using namespace s4l;
namespace fs = std::filesystem;

namespace {

struct Snippet {
  std::string file, language, text;  // `file`: what the heading above it names
};

std::vector<Snippet> snippets(const std::string& page) {
  std::vector<Snippet> found;
  std::istringstream lines(page);
  std::string file;
  bool inside = false;
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) found.push_back({file, line.substr(3), ""});
    } else if (inside) {
      found.back().text += line + '\n';
    } else if (line.starts_with("#")) {
      const std::size_t begin = line.find('`') + 1;
      file = begin == 0 ? "" : line.substr(begin, line.find('`', begin) - begin);
    }
  return found;
}

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) found.insert(line);
  return found;
}

}  // namespace

TEST_CASE("a page on adding something shows the files that its headings name as they are") {
  const fs::path root = S4L_SOURCE_DIR;
  int whole = 0, claims = 0;
  for (const auto& entry : fs::directory_iterator(root / "docs")) {
    if (!entry.path().filename().string().starts_with("adding-")) continue;
    for (const Snippet& snippet : snippets(io::read_file(entry.path()))) {
      if (snippet.file.empty() || !fs::is_regular_file(root / snippet.file)) continue;  // an example, not in the tree
      INFO(entry.path().filename() << ": " << snippet.file);
      const std::string text = io::read_file(root / snippet.file);
      if (snippet.language == "cpp") {
        CHECK(snippet.text == text);
        ++whole;
      } else {
        for (const std::string& line : lines_of(snippet.text)) CHECK(lines_of(text).contains(line));
        ++claims;
      }
    }
  }
  CHECK(whole == 2);
  CHECK(claims == 1);
}
