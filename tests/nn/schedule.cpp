#include "s4l/nn/optim/schedule.h"

#include <catch2/catch.hpp>

#include "s4l/core/error.h"

using s4l::nn::Schedule;
using s4l::nn::schedule_from_epochs;

TEST_CASE("the schedules of the paper's runs have their golden values") {
  const Schedule ten_percent = schedule_from_epochs("5,140,160,180,200", 500, 0.1);
  REQUIRE(ten_percent.total == 100000);
  REQUIRE(ten_percent.at(0) == 0);
  REQUIRE(ten_percent.at(1) == Approx(4e-5));
  REQUIRE(ten_percent.at(2499) == Approx(0.09996));
  REQUIRE(ten_percent.at(2500) == 0.1);
  REQUIRE(ten_percent.at(70000) == 0.1);
  REQUIRE(ten_percent.at(70001) == Approx(0.01));
  REQUIRE(ten_percent.at(99999) == Approx(1e-4));

  const Schedule one_percent = schedule_from_epochs("5,700,800,900,1000", 50, 0.01);
  REQUIRE(one_percent.total == 50000);
  REQUIRE(one_percent.at(249) == Approx(0.00996));
  REQUIRE(one_percent.at(35001) == Approx(1e-3));
  REQUIRE(one_percent.at(49999) == Approx(1e-5));

  const Schedule moam = schedule_from_epochs("10,100,150,190,200", 1000, 0.1);
  REQUIRE(moam.at(9999) == Approx(0.09999));
  REQUIRE(moam.at(100000) == 0.1);
  REQUIRE(moam.at(100001) == Approx(0.01));
}

TEST_CASE("a fractional warm-up ends at the whole step below and a fractional end is rounded up") {
  const Schedule schedule = schedule_from_epochs("0.5,2.5", 5, 1);  // W = 2.5, T = 12.5
  REQUIRE(schedule.at(1) == Approx(1 / 2.5));
  REQUIRE(schedule.at(2) == 1);
  REQUIRE(schedule.total == 13);
}

TEST_CASE("without warm-up the first step has the base rate, and the end of training is no decay point") {
  const Schedule schedule = schedule_from_epochs("0,2", 10, 0.5);
  REQUIRE(schedule.at(0) == 0.5);
  REQUIRE(schedule.at(21) == 0.5);
}

TEST_CASE("the cosine schedule warms up, falls to half in the middle and to zero at the end") {
  const Schedule schedule{.kind = Schedule::Kind::cosine, .base = 0.2, .warmup = 10, .decay_points = {}, .total = 110};
  REQUIRE(schedule.at(5) == Approx(0.1));
  REQUIRE(schedule.at(10) == Approx(0.2));
  REQUIRE(schedule.at(35) == Approx(0.2 * 0.8535533906));  // (1 + cos(pi / 4)) / 2
  REQUIRE(schedule.at(60) == Approx(0.1));
  REQUIRE(schedule.at(110) == Approx(0).margin(1e-12));
  REQUIRE(schedule.at(500) == Approx(0).margin(1e-12));
}

TEST_CASE("a list of epochs that decreases, is too short or is no list of numbers is refused with its text") {
  REQUIRE_THROWS_WITH(schedule_from_epochs("5,140,120,200", 50, 0.1),
                      Catch::Contains("120 after 140") && Catch::Contains("5,140,120,200"));
  REQUIRE_NOTHROW(schedule_from_epochs("5,5,5", 50, 0.1));
  for (const char* list : {"", "5", "5,", "5,,7", "5,x", "5,7 ", "-1,5", "nan,5", "1,inf"})
    REQUIRE_THROWS_AS(schedule_from_epochs(list, 50, 0.1), s4l::Error);
  REQUIRE_THROWS_WITH(schedule_from_epochs("5,7", 0, 0.1), Catch::Contains("steps per epoch, got 0"));
}

TEST_CASE("the decay of Polyak averaging has the spec's values") {
  CHECK(s4l::nn::polyak_decay(1000) == Approx(0.99930709).epsilon(1e-8));
  CHECK(s4l::nn::polyak_decay(500) == Approx(0.99861467).epsilon(1e-8));
}
