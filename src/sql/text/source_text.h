#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sql/ast/span.h"

namespace millrace::sql {

// SourceText: the text that spans point into and the name it goes by in messages: places and carets
// for the errors of parser and binder.
//
// Ownership:  borrows both; they outlive it.
// Threading:  immutable.
class SourceText {
 public:
  // `file_name` may be empty: places are then "line:column".
  SourceText(std::string_view text, std::string_view file_name)
      : text_(text), file_name_(file_name) {}

  std::string_view text() const { return text_; }
  std::string_view of(Span span) const;

  // Both from 1. Columns count characters (code points), a tab is one.
  struct Position {
    uint32_t line;
    uint32_t column;
  };
  Position position(Span span) const;
  // "file.sql:3:14".
  std::string place(Span span) const;
  // The line where the span begins, and under it carets below the span's part of that line; long
  // lines are cut to a window around it:
  //   3 | SELECT origin FORM flights
  //     |               ^^^^
  std::string excerpt(Span span) const;

  // An error with the place and, below its message, the excerpt.
  Error error(ErrorCode code, Span span, std::string_view message) const;

 private:
  std::string_view text_;
  std::string_view file_name_;
};

}  // namespace millrace::sql
