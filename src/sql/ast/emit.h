#pragma once

#include <cstdint>
#include <optional>

#include "sql/ast/box.h"
#include "sql/ast/expression.h"
#include "sql/ast/name.h"
#include "sql/ast/span.h"

namespace millrace::sql {

enum class EarlyEmit : uint8_t {
  kNone,
  kEvery,     // EARLY EVERY INTERVAL '…'
  kAfter,     // EARLY AFTER n ROWS
  kOnUpdate,  // EARLY ON UPDATE
};

// Emit: when the results of a grouped SELECT appear.
//
//   EMIT [[EARLY] EVERY interval | [EARLY] AFTER n ROWS | [EARLY] ON UPDATE] [ON WINDOW CLOSE]
//        [ALLOWED LATENESS interval] [LATE INTO t] [DISCARDING]
//
// in any order, at least one. `EMIT CHANGES` is no Emit: it makes a SELECT statement a Subscribe.
struct Emit {
  EarlyEmit early = EarlyEmit::kNone;
  Box<Expression> early_interval;  // of kEvery
  uint64_t early_rows = 0;         // of kAfter
  bool on_window_close = false;
  Box<Expression> allowed_lateness;
  std::optional<QualifiedName> late_into;
  bool discarding = false;
  Span span;
  friend bool operator==(const Emit&, const Emit&) = default;
};

}  // namespace millrace::sql
