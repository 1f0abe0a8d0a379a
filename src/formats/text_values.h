#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "data/builder.h"
#include "data/type.h"

namespace millrace::formats {

// Texts of inputs -> values of columns, in the forms that docs of the formats promise; the same for
// a field of CSV and a string of JSON.

// Why a field did not become a value.
struct FieldFailure {
  ErrorCode code = ErrorCode::kCastFailed;
  std::string reason;  // "'abc' is not a BIGINT"
};

// "WHAT is not an INT".
std::string not_a_value(std::string_view what, const data::Type& type);

// Whether texts can be read as `type`: not intervals, maps and rows; arrays where `arrays` says so.
bool reads_text_as(const data::Type& type);

// Appends `text` as a value of to.type(), or appends nothing, fills `failure` and returns false.
// Blanks around numbers, booleans and times are ignored.
//   numbers      as SQL writes them, "NaN", "Infinity"; a DECIMAL is rounded to its scale
//   BOOLEAN      true, false, t, f, yes, no, y, n, on, off, 1, 0, without regard to case
//   TIMESTAMP    data/datetime_text.h, rounded to the declared precision; what has a zone is turned
//   into
//                UTC, what has none is UTC
//   BYTES        base64
//   JSON         one JSON value
bool append_text_as_value(data::ColumnBuilder& to, std::string_view text, FieldFailure& failure);

// Appends an integral number of milliseconds since 1970 as TIMESTAMP or TIMESTAMP_LTZ.
bool append_epoch_ms(data::ColumnBuilder& to, int64_t ms, FieldFailure& failure);
// Appends a text to CHAR, VARCHAR after checking its length in characters.
bool append_checked_text(data::ColumnBuilder& to, std::string_view text, FieldFailure& failure);
// Appends an integer to an integer column after checking its range.
bool append_checked_integer(data::ColumnBuilder& to, int64_t value, FieldFailure& failure);

}  // namespace millrace::formats
