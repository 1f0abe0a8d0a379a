#pragma once

#include <cstdint>
#include <vector>

#include "data/batch.h"
#include "engine/step.h"

namespace millrace::operators {

// A row is behind watermark w if its TIMESTAMP `column` + offset_us < w; a NULL always is.
struct TimeLimit {
  uint32_t column = 0;
  int64_t offset_us = 0;
};

// column + offset of every physical row of the batch, in µs; kTimeMin for NULL.
void read_times(const data::Batch& batch, const TimeLimit& limit,
                std::vector<engine::Timestamp>& times);

}  // namespace millrace::operators
