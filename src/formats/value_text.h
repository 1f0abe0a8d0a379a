#pragma once

#include <cstdint>
#include <string>

#include "data/column.h"

namespace millrace::formats {

// Values of columns -> texts of outputs.

struct ValueTextOptions {
  char timestamp_separator = ' ';
  bool skip_null_members = false;  // of rows and maps, as JSON
};

// Appends row `row` as a JSON value: numbers and decimals as exact numbers ("NaN" and infinities as
// strings), times as strings with the declared precision ('Z' behind TIMESTAMP_LTZ), bytes as
// base64, JSON as it is, nested values as arrays and objects; null for NULL.
void append_json_value(std::string& to, const data::Column& column, uint32_t row,
                       const ValueTextOptions& options);

// Appends row `row` as plain text, the same without quotes; nested values as JSON. REQUIRES: not
// NULL.
void append_plain_value(std::string& to, const data::Column& column, uint32_t row,
                        const ValueTextOptions& options);

}  // namespace millrace::formats
