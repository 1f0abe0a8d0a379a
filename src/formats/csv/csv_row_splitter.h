#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "formats/csv/csv_options.h"

namespace millrace::formats {

struct CsvField {
  std::string_view text;  // without the quotes
  bool quoted = false;
  bool escaped = false;  // holds doubled quotes or escapes
};

enum class CsvSplit : uint8_t {
  kRow,
  kCut,          // the text ends before the row does
  kUnclosed,     // the text ends inside quotes
  kBehindQuote,  // something stands between a closing quote and the next delimiter
};

// CsvRowSplitter: the text of a CSV file -> fields, a row at a time, by comparing 64 bytes at once.
//
// Threading:  confined to one task.
// Ownership:  fields are views of the text.
class CsvRowSplitter {
 public:
  explicit CsvRowSplitter(const CsvOptions& options) : options_(options) {}

  // Splits the first row of `text`, 64 bytes behind which are readable. `whole`: the file ends with
  // it. On kRow and kBehindQuote size() bytes belong to the row, its line end included.
  CsvSplit split(std::string_view text, bool whole);
  const std::vector<CsvField>& fields() const { return fields_; }
  size_t size() const { return size_; }
  // Line ends in the row, the one behind it included.
  uint32_t lines() const { return lines_; }

  // `field.text` without escapes; `scratch` holds it if it differs.
  std::string_view plain(const CsvField& field, std::string& scratch) const;

 private:
  // The next delimiter or line end from `at` on, or the end of the text.
  size_t next_special(size_t at);
  CsvSplit take_quoted(size_t& at, bool& ends);
  size_t closing_quote(size_t at, bool& escaped) const;
  void end_row(size_t line_end);

  const CsvOptions options_;
  std::string_view text_;
  std::vector<CsvField> fields_;
  size_t size_ = 0;
  uint32_t lines_ = 0;
  size_t window_ = 0;  // where the 64 bytes of `specials_` begin
  uint64_t specials_ = 0;
};

}  // namespace millrace::formats
