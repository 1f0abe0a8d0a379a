#include "base/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace millrace {
namespace {

constexpr std::array<std::string_view, 3> kColumns = {"departure", "arrival", "delay"};

TEST(Nearest, finds_a_swap_of_neighbours_a_lost_letter_and_another_case) {
  EXPECT_EQ(nearest_name("dealy", kColumns), "delay");
  EXPECT_EQ(nearest_name("arival", kColumns), "arrival");
  EXPECT_EQ(nearest_name("DEPARTURE", kColumns), "departure");
}

TEST(Nearest, has_nothing_to_say_about_what_is_far_away) {
  EXPECT_EQ(nearest_name("price", kColumns), "");
  EXPECT_EQ(nearest_name("", kColumns), "");
  EXPECT_EQ(nearest_name(std::string(1000, 'x'), kColumns), "");
}

TEST(Nearest, names_the_near_one_or_lists_what_is_known) {
  EXPECT_EQ(nearest_remedy("dealy", kColumns), "Did you mean 'delay'?");
  EXPECT_EQ(nearest_remedy("price", kColumns), "Known are: departure, arrival, delay.");
  EXPECT_EQ(nearest_remedy("price", {}), "");
}

}  // namespace
}  // namespace millrace
