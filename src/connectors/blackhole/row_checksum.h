#pragma once

#include <cstdint>

#include "data/batch.h"

namespace millrace::connectors {

// `sum` changed by every byte of the rows of `batch` that count, each read once; of texts only what
// the rows hold, whatever else their heaps have.
//
// Threading: a pure function.
uint64_t row_checksum(data::Batch batch, uint64_t sum);

}  // namespace millrace::connectors
