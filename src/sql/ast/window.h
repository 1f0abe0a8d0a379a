#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sql/ast/box.h"
#include "sql/ast/choice.h"
#include "sql/ast/expression.h"
#include "sql/ast/name.h"
#include "sql/ast/span.h"

namespace millrace::sql {

enum class FrameUnit : uint8_t { kRows, kRange, kGroups };
enum class FrameBoundKind : uint8_t {
  kUnboundedPreceding,
  kPreceding,
  kCurrentRow,
  kFollowing,
  kUnboundedFollowing,
};
enum class FrameExclusion : uint8_t { kNone, kCurrentRow, kGroup, kTies };

struct FrameBound {
  FrameBoundKind kind = FrameBoundKind::kCurrentRow;
  Box<Expression> distance;  // of kPreceding and kFollowing
  friend bool operator==(const FrameBound&, const FrameBound&) = default;
};

// ROWS BETWEEN 3 PRECEDING AND CURRENT ROW. Without BETWEEN, `end` is CURRENT ROW.
struct Frame {
  FrameUnit unit = FrameUnit::kRange;
  FrameBound start;
  FrameBound end;
  FrameExclusion exclusion = FrameExclusion::kNone;
  friend bool operator==(const Frame&, const Frame&) = default;
};

// (name PARTITION BY … ORDER BY … ROWS …): what stands in parentheses after OVER or WINDOW w AS.
struct WindowSpec {
  std::optional<Identifier> base;
  std::vector<Expression> partition_by;
  std::vector<OrderItem> order_by;
  std::optional<Frame> frame;
  friend bool operator==(const WindowSpec&, const WindowSpec&) = default;
};

// OVER w, OVER (…).
struct Over {
  Choice<Identifier, WindowSpec> window;
  Span span;
  friend bool operator==(const Over&, const Over&) = default;
};

// WINDOW w AS (…).
struct NamedWindow {
  Identifier name;
  WindowSpec spec;
  friend bool operator==(const NamedWindow&, const NamedWindow&) = default;
};

// TABLE t [PARTITION BY …] [ORDER BY …], TABLE (query) …: a table given to a table function.
struct TableArgument {
  std::optional<QualifiedName> table;
  Box<Query> query;  // where `table` is absent
  std::vector<Expression> partition_by;
  std::vector<OrderItem> order_by;
  Span span;
  friend bool operator==(const TableArgument&, const TableArgument&) = default;
};

enum class WindowKind : uint8_t { kTumble, kHop, kCumulate, kSession };

// WindowTable: TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '1' MINUTE [, offset])) and its kin,
// by position or by name (DATA, TIMECOL, SIZE, SLIDE, STEP, GAP, OFFSET; TABLE( … ) around it may
// be left out). Set are: for kTumble `size`; kHop `slide`, `size`; kCumulate `step`, `size`;
// kSession `gap`; `offset` where it was given (never for kSession). The old group windows, GROUP BY
// TUMBLE(ts, …), are a Call.
struct WindowTable {
  WindowKind kind = WindowKind::kTumble;
  TableArgument input;
  Identifier time_column;
  Box<Expression> size;
  Box<Expression> slide;
  Box<Expression> step;
  Box<Expression> gap;
  Box<Expression> offset;
  friend bool operator==(const WindowTable&, const WindowTable&) = default;
};

}  // namespace millrace::sql
