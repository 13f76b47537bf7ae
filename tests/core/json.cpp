#include "s4l/core/io/json.h"

#include <catch2/catch.hpp>
#include <bit>
#include <cmath>
#include <limits>

#include "s4l/core/error.h"
#include "s4l/core/rng.h"

using namespace s4l;
using io::Json;
using io::parse_json;

TEST_CASE("JSON text reads into values and writes back as the same text") {
  const std::string text =
      R"({"b":[1,-2.5,true,null,"x\"\\\n\t"],"a":{"empty":[],"none":{}},"z":-9223372036854775808})";
  const Json json = parse_json(text);
  CHECK(json.dump() == text);
  CHECK(json.at("b").array()[0].integer() == 1);
  CHECK(json.at("b").array()[0].number() == 1.0);
  CHECK(json.at("b").array()[1].number() == -2.5);
  CHECK(json.at("b").array()[2].boolean());
  CHECK(json.at("b").array()[3].is_null());
  CHECK(json.at("a").at("empty").array().empty());
  CHECK(json.find("c") == nullptr);
  CHECK(parse_json(json.dump(2)).dump() == text);
  CHECK(parse_json(R"({"a":[1,{}]})").dump(2) == "{\n  \"a\": [\n    1,\n    {}\n  ]\n}");
}

TEST_CASE("a JSON object keeps the order of its keys, and set replaces or appends") {
  Json json;
  json.set("step", 1);
  json.set("loss", 0.5);
  json.set("step", 2);
  CHECK(json.dump() == R"({"step":2,"loss":0.5})");
  CHECK_THROWS_WITH(Json(3).set("a", 1), Catch::Contains("expected an object, got 3"));
}

TEST_CASE("every number reads back equal, and floating numbers stay floating") {
  for (double value : {0.0, -0.0, 1.0, 0.1, 1e22, 1e-7, 5e-324, 1.7976931348623157e308, -123456789.125}) {
    const Json back = parse_json(Json(value).dump());
    CHECK(!back.is_integer());
    CHECK(back.number() == value);
    CHECK(std::signbit(back.number()) == std::signbit(value));
  }
  Rng rng(1, Purpose::test);
  for (int i = 0; i < 10000; ++i) {
    const std::uint64_t bits = std::uint64_t{rng.next()} << 32 | rng.next();
    const auto value = std::bit_cast<double>(bits);
    if (std::isfinite(value)) REQUIRE(parse_json(Json(value).dump()).number() == value);
    const auto whole = static_cast<std::int64_t>(bits);
    REQUIRE(parse_json(Json(whole).dump()).integer() == whole);
  }
  CHECK(Json(std::nan("")).dump() == "null");
  CHECK(Json(std::numeric_limits<double>::infinity()).dump() == "null");
}

TEST_CASE("an integer too large for 64 bits reads as floating, a number too large for that is refused") {
  CHECK(parse_json("9223372036854775807").integer() == std::numeric_limits<std::int64_t>::max());
  CHECK(parse_json("9223372036854775808").number() == 9223372036854775808.0);
  CHECK_THROWS_WITH(parse_json("9223372036854775808").integer(), Catch::Contains("expected an integer"));
  CHECK(parse_json("18446744073709551616").number() == 18446744073709551616.0);
  CHECK_THROWS_AS(parse_json("1e999"), Error);
  CHECK_THROWS_AS(parse_json(std::string(5000, '9')), Error);
}

TEST_CASE("JSON nested deeper than allowed is refused") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(parse_json(nested(64)).is_array());
  CHECK_THROWS_WITH(parse_json(nested(65)), Catch::Contains("at most 64 nested levels"));
  CHECK_THROWS_AS(parse_json(std::string(1000000, '[')), Error);
  CHECK_THROWS_AS(parse_json(R"({"a":{"a":1}})", 1), Error);
}

TEST_CASE("a JSON key that comes twice is refused and named") {
  CHECK_THROWS_WITH(parse_json(R"({"a":1,"lr":2,"b":{"a":1},"lr":3})"), Catch::Contains("\"lr\" twice"));
}

TEST_CASE("broken JSON is an error of kind data, in one line that says where") {
  const std::vector<std::string> broken = {"",           " ",
                                           "{",          "[1,]",
                                           "{\"a\" 1}",  "{\"a\":1}x",
                                           "01",         "nul",
                                           "'a'",        "[1 2]",
                                           "\"\n\"",     "\"" + std::string(9999, 'a'),
                                           "\"\xff\"",   "\"\xed\xa0\x80\"",
                                           "\"\\ud800\""};  // not UTF-8, half of a pair
  for (const std::string& text : broken) {
    CAPTURE(text);
    try {
      parse_json(text);
      FAIL("accepted");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::data);
      CHECK_THAT(error.what(), Catch::Contains("column"));
      CHECK(std::string_view(error.what()).find('\n') == std::string_view::npos);
      CHECK(std::string_view(error.what()).size() < 300);
    }
  }
}

TEST_CASE("the wrong type of value is an error that names both") {
  CHECK_THROWS_WITH(parse_json("[1]").object(), Catch::Contains("expected an object, got [1]"));
  CHECK_THROWS_WITH(parse_json("1.5").integer(), Catch::Contains("expected an integer, got 1.5"));
  CHECK_THROWS_WITH(parse_json("{}").at("lr"), Catch::Contains("expected a member \"lr\""));
}

TEST_CASE("control characters are escaped, and bytes that are not UTF-8 become U+FFFD") {
  std::string text;
  for (char c = 0; c < 0x20; ++c) text += c;
  text += "\x7f\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
  CHECK(parse_json(Json(text).dump()).string() == text);
  CHECK(Json("a\xff\xc3").dump() == "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
  for (const char* none : {"\xf4\x90\x80\x80", "\xed\xa0\x80", "\xe0\x80\x80", "\xc0\x80"})
    CHECK(Json(none).dump().find(none) == std::string::npos);
  Rng rng(2, Purpose::test);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes;
    for (std::int64_t n = rng.below(12); n > 0; --n) bytes += static_cast<char>(rng.next() | (rng.coin() ? 0x80 : 0));
    REQUIRE(parse_json(Json(bytes).dump()).is_string());  // the reader accepts valid UTF-8 alone
  }
}
