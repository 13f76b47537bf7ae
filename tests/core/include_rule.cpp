// Includes go one way: apps -> methods -> {nn, data} -> core <- kernels (docs/architecture.md).
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>

namespace fs = std::filesystem;

TEST_CASE("includes go one way and nobody includes kernels") {
  const std::map<std::string, std::set<std::string>> allowed = {{"core", {"core"}},
                                                                {"kernels", {"core", "kernels"}},
                                                                {"nn", {"core", "nn"}},
                                                                {"data", {"core", "data"}},
                                                                {"methods", {"core", "nn", "data", "methods"}},
                                                                {"apps", {"core", "nn", "data", "methods", "apps"}}};
  int includes = 0;
  for (const auto& [folder, may] : allowed)
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(S4L_SOURCE_DIR) / folder)) {
      if (entry.path().extension() != ".h" && entry.path().extension() != ".cpp") continue;
      std::ifstream file(entry.path());
      for (std::string line; std::getline(file, line);) {
        const std::string start = "#include \"s4l/";
        if (line.rfind(start, 0) != 0) continue;
        const std::string target = line.substr(start.size(), line.find('/', start.size()) - start.size());
        INFO(entry.path() << ": " << line);
        CHECK(may.count(target) == 1);
        ++includes;
      }
    }
  CHECK(includes > 100);
}

TEST_CASE("each heavy library is included by exactly one source file") {
  std::map<std::string, int> users = {{"CLI/", 0}, {"toml++/", 0}, {"nlohmann/", 0}, {"openssl/", 0}};
  for (const char* folder : {"core", "kernels", "nn", "data", "methods", "apps"})
    for (const auto& entry : fs::recursive_directory_iterator(fs::path(S4L_SOURCE_DIR) / folder)) {
      if (entry.path().extension() != ".h" && entry.path().extension() != ".cpp") continue;
      std::ifstream file(entry.path());
      std::set<std::string> found;
      for (std::string line; std::getline(file, line);)
        for (const auto& [library, count] : users)
          if (line.rfind("#include <" + library, 0) == 0) found.insert(library);
      INFO(entry.path());
      CHECK((found.empty() || entry.path().extension() == ".cpp"));
      for (const std::string& library : found) ++users[library];
    }
  for (const auto& [library, count] : users) {
    INFO(library);
    CHECK(count == 1);
  }
}
