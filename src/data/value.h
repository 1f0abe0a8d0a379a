#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "data/type.h"

namespace millrace::data {

// Value: one SQL value outside a column: literals, options, tests, printing. Never used per row.
// Integers, dates, times, timestamps, intervals and short decimals are int64 in the unit of their
// Width; long decimals Int128; FLOAT and DOUBLE double; text, bytes and JSON std::string; ARRAY and
// ROW a list of values; MAP a list of alternating keys and values; NULL monostate.
class Value {
 public:
  using List = std::vector<Value>;
  Value() = default;
  Value(bool value) : content_(value) {}
  Value(int value) : content_(static_cast<int64_t>(value)) {}
  Value(int64_t value) : content_(value) {}
  Value(double value) : content_(value) {}
  Value(Int128 value) : content_(value) {}
  Value(std::string value) : content_(std::move(value)) {}
  Value(const char* value) : content_(std::string(value)) {}
  Value(List values) : content_(std::move(values)) {}

  bool is_null() const { return content_.index() == 0; }
  bool boolean() const { return std::get<bool>(content_); }
  int64_t integer() const { return std::get<int64_t>(content_); }
  double real() const { return std::get<double>(content_); }
  Int128 wide() const { return std::get<Int128>(content_); }
  const std::string& text() const { return std::get<std::string>(content_); }
  const List& list() const { return std::get<List>(content_); }
  template <class T>
  bool holds() const {
    return std::holds_alternative<T>(content_);
  }
  friend bool operator==(const Value&, const Value&) = default;

 private:
  std::variant<std::monostate, bool, int64_t, double, Int128, std::string, List> content_;
};

// As the shell prints it: "2024-02-29 23:56:05.460", "1.50", "[1, 2]", "NULL"; TIMESTAMP_LTZ in UTC
// with a 'Z', BYTES as "\\x0aff", maps "{'k': 1}", rows "(1, 'a')": texts are quoted where they are
// nested.
std::string to_string(const Value& value, const Type& type);
void append_value(std::string& to, const Value& value, const Type& type);
// The shortest text that reads back as the same number; "NaN", "Infinity", "-Infinity".
void append_real(std::string& to, double value);
void append_real(std::string& to, float value);

}  // namespace millrace::data
