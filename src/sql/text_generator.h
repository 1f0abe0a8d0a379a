#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace millrace::sql {

// TextGenerator: random SQL that must parse, for the tests: every construct of the grammar with
// some probability, names taken from the keywords too. The same seed gives the same texts.
//
// Threading:  confined to one test.
class TextGenerator {
 public:
  explicit TextGenerator(uint64_t seed) : state_(seed) {}

  std::string statement();
  std::string query(int depth);
  std::string expression(int depth);
  std::string type(int depth);

 private:
  uint32_t below(uint32_t bound);
  bool chance(uint32_t percent) { return below(100) < percent; }
  std::string pick(std::initializer_list<std::string_view> choices);
  std::string maybe(uint32_t percent, const std::string& text) {
    return chance(percent) ? text : "";
  }
  // From `least` to `most` of them.
  template <class Make>
  std::string list(uint32_t least, uint32_t most, Make make, std::string_view between = ", ") {
    const uint32_t count = least + below(most - least + 1);
    std::string text;
    for (uint32_t i = 0; i < count; ++i) text.append(i == 0 ? "" : between).append(make());
    return text;
  }

  std::string name();
  std::string qualified();
  std::string string();
  std::string number();
  std::string names() {
    return "(" + list(1, 3, [this] { return name(); }) + ")";
  }
  std::string interval();
  std::string options();

  std::string literal();
  std::string operand(int depth);  // in parentheses where it is no primary
  std::string binary(int depth);
  std::string predicate(int depth);
  std::string special_call(int depth);
  std::string json_call(int depth);
  std::string call(int depth);
  std::string constructor(int depth);
  std::string order_by(int depth);
  std::string window_spec(int depth);

  std::string select(int depth);
  std::string grouping(int depth);
  std::string emit(int depth);
  std::string table(int depth);
  std::string window_table(int depth);
  std::string joins(int depth);
  std::string match(int depth);
  std::string pattern(int depth);

  std::string create_table();
  std::string create_other();
  std::string change();
  std::string job_statement();
  std::string inspect();
  std::string session();
  std::string insert();

  uint64_t state_;
};

}  // namespace millrace::sql
