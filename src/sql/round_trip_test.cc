#include "sql/round_trip_test.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "sql/parse.h"
#include "sql/print.h"

namespace millrace::sql {

std::optional<Statement> parse_one(std::string_view text) {
  Result<std::vector<Statement>> statements = parse_script(text, "test.sql");
  if (!statements) {
    ADD_FAILURE() << statements.error().to_string() << "\nin: " << text;
    return std::nullopt;
  }
  EXPECT_EQ(statements->size(), 1U) << text;
  if (statements->size() != 1) return std::nullopt;
  return std::move(statements->front());
}

std::string check_round_trip(std::string_view text) {
  const std::optional<Statement> first = parse_one(text);
  if (!first) return {};
  const std::string canonical = print(*first);
  const std::optional<Statement> second = parse_one(canonical);
  if (!second) return {};
  EXPECT_TRUE(*first == *second) << text << "\nprints as\n" << canonical;
  EXPECT_EQ(print(*second), canonical) << text;
  const Statement copy = *second;
  EXPECT_TRUE(copy == *second) << text;
  return canonical;
}

std::string on_one_line(std::string_view text) {
  std::string line;
  for (const char byte : text) {
    const bool space = byte == ' ' || byte == '\n';
    if (!space) {
      line += byte;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

size_t check_examples(std::string_view examples) {
  constexpr std::string_view kArrow = "\n==>\n";
  size_t count = 0;
  while (!examples.empty()) {
    const size_t end = std::min(examples.find("\n\n"), examples.size());
    const std::string_view example = examples.substr(0, end);
    examples.remove_prefix(std::min(end + 2, examples.size()));
    const size_t arrow = example.find(kArrow);
    const bool same = arrow == std::string_view::npos;
    const std::string_view text = same ? example : example.substr(0, arrow);
    const std::string_view canonical = same ? example : example.substr(arrow + kArrow.size());
    EXPECT_EQ(on_one_line(check_round_trip(text)), on_one_line(canonical));
    ++count;
  }
  return count;
}

}  // namespace millrace::sql
