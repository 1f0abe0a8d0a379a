#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "data/schema.h"
#include "engine/operator.h"

namespace millrace::operators {

// A row becomes one per element of an ARRAY or entry of a MAP.
struct UnnestSpec {
  // The input's columns; then the element's: the fields of a ROW, a MAP's key and value, else the
  // element itself; then, if asked for, the ordinality (BIGINT, from 1).
  data::SchemaPtr output;
  uint32_t column = 0;  // of the input: ARRAY or MAP
  bool with_ordinality = false;
  bool keeps_empty = false;  // a row without elements stays, with NULLs
};

// The rows of an element have their row's sign. Stateless.
Result<std::unique_ptr<engine::Operator>> make_unnest(UnnestSpec spec);

}  // namespace millrace::operators
