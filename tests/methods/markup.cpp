#include "s4l/methods/report/markup.h"

#include <catch2/catch.hpp>

#include "s4l/methods/report/axis.h"

using namespace s4l::methods;

TEST_CASE("what is markup, no UTF-8 or no character of XML is escaped, all else stays") {
  CHECK(escaped("a<b>&\"c\"") == "a&lt;b&gt;&amp;&quot;c&quot;");
  CHECK(escaped("Löwe 猫 🐱\n") == "Löwe 猫 🐱\n");
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(escaped("\xFFx") == bad + "x");
  CHECK(escaped("\xC0\xAF") == bad + bad);            // overlong
  CHECK(escaped("\xED\xA0\x80") == bad + bad + bad);  // a surrogate
  CHECK(escaped("\xE2\x82") == bad + bad);            // torn
  CHECK(escaped(std::string("\x01\0", 2)) == bad + bad);
  CHECK(escaped("\xEF\xBF\xBF") == bad + bad + bad);  // U+FFFF
}

TEST_CASE("base64 gives RFC 4648's examples") {
  CHECK(base64("").empty());
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xFB\xFF") == "+/8=");
}

TEST_CASE("numbers read as people write them") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(-1234567) == "-1,234,567");
  CHECK(percentage(0.8641) == "86.4 %");
  CHECK(fixed(2.345, 1) == "2.3");
}

TEST_CASE("ticks are round numbers inside the range, and a range holds what it was made for") {
  CHECK(round_ticks(0, 1, 5) == std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1});
  CHECK(round_ticks(0, 500, 6) == std::vector<double>{0, 100, 200, 300, 400, 500});
  CHECK(round_ticks(3, 3, 5) == std::vector<double>{3});
  for (const auto& [low, high] : {std::pair{0.0, 7.85}, {-0.3, 0.02}, {0.0, 0.0}, {0.0, 1e-9}, {5.0, 5.0}}) {
    const auto [from, to] = round_range(low, high, 5);
    CHECK(from <= low);
    CHECK(to >= high);
    CHECK(to > from);
    CHECK(round_ticks(from, to, 5).size() >= 2);
    CHECK(round_ticks(from, to, 5).size() <= 12);
  }
  CHECK(tick_text(0.1 + 0.2) == "0.3");
  CHECK(tick_text(12000) == "12,000");
}
