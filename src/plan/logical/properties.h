#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace millrace::plan {

// Columns of a node's output, ascending.
using ColumnSet = std::vector<uint32_t>;

enum class WindowKind : uint8_t { kTumble, kHop };

// Event-time windows [start, start + size), start = offset + n * slide. kTumble: slide == size.
struct WindowSpec {
  WindowKind kind = WindowKind::kTumble;
  int64_t size_us = 0;
  int64_t slide_us = 0;
  int64_t offset_us = 0;
  friend bool operator==(const WindowSpec&, const WindowSpec&) = default;
};

// Columns that hold the window that a row belongs to. The three are written together, by a window
// function or an aggregation over one, and travel as ordinary columns.
struct WindowColumns {
  WindowSpec window;
  uint32_t start = 0;
  uint32_t end = 0;
  std::optional<uint32_t> time;  // end - 1 ms, an event-time attribute
  friend bool operator==(const WindowColumns&, const WindowColumns&) = default;
};

// What tells one row of a stream from another: engine.md (Matter).
enum class RowIdentity : uint8_t {
  kAppendOnly,  // rows are only added; nothing ever names one again
  kKeys,        // -U and -D name their row by each of `keys`
  kWholeRow,    // a multiset: they name it by all columns
};

enum class StateBound : uint8_t {
  kNone,     // keeps nothing
  kWindows,  // what open windows hold; the watermark frees it
  kTime,     // rows that others may still match; the watermark frees it
  kKeys,     // an entry per distinct key, for ever
  kRows,     // an entry per row, for ever
};

// Properties: what is known about the stream that a node puts out; derived, never declared. The
// choice of operators, the checks of sinks and EXPLAIN read them. Plain immutable data.
struct Properties {
  RowIdentity identity = RowIdentity::kAppendOnly;
  // Candidate keys: no two rows of the accumulated stream agree on all columns of one. Kept for
  // append-only streams too. An empty set: at most one row.
  std::vector<ColumnSet> keys;
  // Why the stream changes rows, for messages: "GROUP BY updates a group's row …".
  std::string changes_because;

  // Event-time attributes: the watermark speaks about the values of these columns.
  ColumnSet time_columns;
  // The windows whose columns pass through here.
  std::vector<WindowColumns> windows;
  bool bounded = true;

  // Of the node itself, not of what is below.
  StateBound state = StateBound::kNone;

  bool append_only() const { return identity == RowIdentity::kAppendOnly; }
  bool is_time_column(uint32_t column) const;
  // Whether rows are unique on these columns: one of `keys` is among them.
  bool unique_on(const ColumnSet& columns) const;
};

const char* to_string(StateBound bound);

}  // namespace millrace::plan
