#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "data/builder.h"
#include "data/column.h"

namespace millrace::data {

// The bytes of one value as they stand in keys, for ARRAY, MAP and ROW and what is inside them
// (docs/formats/keys.md). Row by row: nested columns are rare on the hot path.

// REQUIRES: not NULL; any encoding.
void append_value_bytes(std::string& to, const Column& column, uint32_t row);
// What stands in a row for a NULL of `type`.
void append_null_bytes(std::string& to, const Type& type);
// Reads one value (not a NULL) into `to` and moves `from` past it; false if it is cut short.
bool take_value_bytes(std::span<const std::byte>& from, ColumnBuilder& to);

}  // namespace millrace::data
