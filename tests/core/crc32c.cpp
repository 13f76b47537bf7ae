#include "s4l/core/io/crc32c.h"

#include <catch2/catch.hpp>
#include <string>

using namespace s4l::io;

TEST_CASE("crc32c gives the published values") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xE3069283);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AA);  // RFC 3720, B.4
  CHECK(crc32c(std::string(32, '\xFF')) == 0x62A8AB43);
}

TEST_CASE("the mask rotates by 15 bits and adds TensorFlow's constant") {
  const std::uint32_t crc = crc32c("123456789"), masked = masked_crc32c("123456789") - 0xA282EAD8;
  CHECK(((masked << 15) | (masked >> 17)) == crc);
}
