#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "data/batch.h"

namespace millrace::operators {

// The signs of physical rows `rows` of `batch`, in that order; empty where it has none.
Buffer gather_signs(const data::Batch& batch, std::span<const uint32_t> rows);

// Rows `rows` of every column of `batch`, with their signs, dense.
data::Batch gather_rows(const data::Batch& batch, std::span<const uint32_t> rows);

// `batch` with exactly these physical rows (ascending) selected.
data::Batch select_rows(data::Batch batch, std::span<const uint16_t> rows);

}  // namespace millrace::operators
