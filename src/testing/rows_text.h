#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/batch.h"
#include "data/schema.h"

namespace millrace::testing {

// A schema from "a INT, b STRING, t TIMESTAMP(3), d DECIMAL(10,2)"; NOT NULL after a type makes it
// so. Scalar types only. A text that is not one is an assertion.
data::SchemaPtr schema_of(std::string_view text);

// Rows from lines of cells separated by '|': "+I | 1 | abc | NULL". The sign may be left out (+I).
// Cells are trimmed; NULL is a NULL; times as "00:05" (today: 1970-01-01), "2024-02-29 12:00:00.5",
// or integers in the unit of the type. At most kBatchRowsMax rows.
data::Batch rows_of(const data::SchemaPtr& schema, std::string_view text);

// The rows that count, a line each: "+I 1 | abc | NULL". The inverse of rows_of.
std::vector<std::string> lines_of(const data::Batch& batch);
// A row without its sign: "1 | abc | NULL".
std::string row_line(const data::Batch& batch, uint32_t row);

// Changelog lines folded to a multiset: per row its multiplicity ("1 | abc", and " x2" behind it if
// not 1), sorted. A negative one shows as " x-1".
std::vector<std::string> fold(const std::vector<std::string>& lines);

}  // namespace millrace::testing
