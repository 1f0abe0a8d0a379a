#pragma once

#include <string_view>

#include "data/batch.h"
#include "engine/operator.h"
#include "expr/vector.h"

namespace millrace::operators {

// Rejects the rows of `batch` that have an error, as `operation` names them. A retraction of a row
// that was rejected when it came is dropped without a word.
void reject_errors(const expr::RowErrors& errors, const data::Batch& batch,
                   std::string_view operation, engine::Output& output);

}  // namespace millrace::operators
