#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "data/batch.h"
#include "engine/operator.h"
#include "expr/vector.h"

namespace millrace::operators {

// Physical row `row` as one JSON object, columns in order: how a rejection shows it.
std::string row_as_json(const data::Batch& batch, uint32_t row);

// Rejects one row that `name` (an operator's) could not take.
void reject_row(const data::Batch& batch, uint32_t row, ErrorCode code, std::string reason,
                std::string_view name, engine::Output& output);
// Rejects every row of `errors`.
void reject_rows(const data::Batch& batch, const expr::RowErrors& errors, std::string_view name,
                 engine::Output& output);

}  // namespace millrace::operators
