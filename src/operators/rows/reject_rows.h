#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "data/batch.h"
#include "engine/operator.h"
#include "expr/vector.h"

namespace millrace::operators {

// Physical row `row` as one JSON object, columns in order: how a rejection shows it.
std::string row_as_json(const data::Batch& batch, uint32_t row);
// These columns of it; a name that comes again gets a number.
std::string row_as_json(const data::Batch& batch, uint32_t row, std::span<const uint32_t> columns);

// Rejects one row that `name`, an operator with state, could not take: shown as it came.
void reject_row(const data::Batch& batch, uint32_t row, ErrorCode code, std::string reason,
                std::string_view name, engine::Output& output);
// Rejects every row of `errors`, in the same way.
void reject_rows(const data::Batch& batch, const expr::RowErrors& errors, std::string_view name,
                 engine::Output& output);

// Rejects every row of `errors`, which `name` could not compute: named and shown as it was read
// where the batch knows its origin, else by the operator and the columns `read`. A retraction of a
// row that was rejected when it came is left out without a word.
void reject_uncomputed(const data::Batch& batch, const expr::RowErrors& errors,
                       std::string_view name, std::span<const uint32_t> read,
                       engine::Output& output);

}  // namespace millrace::operators
