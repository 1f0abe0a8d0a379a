#pragma once

#include <cstdint>
#include <string>

#include "data/batch.h"

namespace millrace::jobs {

// Physical row `row` as one JSON object, columns in order: how sys.errors shows a row that failed
// after it was decoded.
std::string row_as_json(const data::Batch& batch, uint32_t row);

}  // namespace millrace::jobs
