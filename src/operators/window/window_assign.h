#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "data/schema.h"
#include "engine/operator.h"
#include "operators/window/window.h"

namespace millrace::operators {

// A window function without aggregation.
struct WindowAssignSpec {
  WindowSpec window;
  uint32_t time_column = 0;  // of the input: a TIMESTAMP
  // The input's columns, then window_start, window_end and window_time (end - 1 ms), TIMESTAMPs.
  data::SchemaPtr output;
};

// A row once per window that it lies in, earliest window first, with its sign; a row whose event
// time is NULL is rejected. Stateless.
Result<std::unique_ptr<engine::Operator>> make_window_assign(WindowAssignSpec spec);

}  // namespace millrace::operators
