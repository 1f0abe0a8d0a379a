#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/builder.h"
#include "formats/csv/csv_row_splitter.h"
#include "formats/format.h"
#include "formats/text_values.h"

namespace millrace::formats {

// CsvRowParser: the fields of one row -> a row of a BatchBuilder.
//
// Threading:  confined to one task.
class CsvRowParser {
 public:
  CsvRowParser(const DecodeRequest& request, const CsvOptions& options);

  const data::SchemaPtr& schema() const { return schema_; }
  // How many fields a row has; where that is one, an empty line is a row.
  size_t fields_expected() const { return fields_expected_; }
  // Finds the columns by the names in the first line. Failure: kColumnNotFound.
  Result<void> use_header(const CsvRowSplitter& header);
  // Ends a row of `to`, or leaves it as it was, fills failure() and returns false. `text` is the
  // row.
  bool parse(const CsvRowSplitter& row, std::string_view text, data::BatchBuilder& to);
  // "the row has 3 fields …" and the like; with the advice to say 'csv.header' if `first_row` looks
  // like one.
  FieldFailure failure_of(const CsvRowSplitter& row, bool first_row) const;

 private:
  bool read_field(const CsvRowSplitter& row, const CsvField& field, const data::Field& column,
                  data::ColumnBuilder& to);
  bool read_list(std::string_view text, data::ColumnBuilder& to);

  const CsvOptions options_;
  const data::SchemaPtr declared_;
  const data::SchemaPtr schema_;
  const bool null_on_error_;
  std::vector<size_t> places_;  // per column of schema_: its field
  size_t fields_expected_;
  bool any_text_ = false;
  FieldFailure failure_;
  std::string scratch_;
};

// Failure: kTypeMismatch for a wanted column of a type that CSV cannot be read as.
Result<void> check_csv_columns(const DecodeRequest& request);

}  // namespace millrace::formats
