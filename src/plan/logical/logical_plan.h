#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "data/schema.h"
#include "data/value.h"
#include "expr/expression.h"
#include "plan/bind/bound_table.h"
#include "plan/logical/properties.h"

namespace millrace::plan {

struct Node;
using NodePtr = std::shared_ptr<const Node>;

// What follows are the operations of the logical plan. Columns are numbered: an expression's column
// n is the n-th of the node's input (of a join: left columns, then right ones).

// Reads a table: `columns` of it, of the rows that pass `filter`.
struct Scan {
  BoundTablePtr table;
  std::vector<uint32_t> columns;  // of the table, in the order of the output
  expr::ExpressionPtr filter;     // over all columns of the table; null: all rows
  // All columns of the table that the statement reads, ascending: they are decoded and computed,
  // and rejections show them, whatever rules do to `columns`. Empty until the plan is complete.
  std::vector<uint32_t> reads;
  // Ends at what is there when reading begins (SELECT over a topic).
  bool until_now = false;
};

// Rows written in the statement; each has a value per column of the schema.
struct Values {
  std::vector<std::vector<data::Value>> rows;
};

struct Filter {
  expr::ExpressionPtr predicate;
};

// One expression per output column.
struct Project {
  std::vector<expr::ExpressionPtr> expressions;
};

// A window function in FROM: a row becomes one per window that it lies in, with window_start,
// window_end and window_time behind its columns.
struct AssignWindow {
  WindowSpec window;
  uint32_t time_column = 0;
};

struct AggregateCall {
  std::string function;             // name in the registry: "sum"
  std::vector<uint32_t> arguments;  // columns of the input; empty: count(*)
  std::optional<uint32_t> filter;   // BOOLEAN column: rows where it is TRUE
  bool distinct = false;
  data::Type type;  // of the result
};

// When a window's rows appear: sql.md (When results appear).
struct Emit {
  enum class Early : uint8_t { kNone, kEvery, kAfterRows, kOnUpdate };
  Early early = Early::kNone;
  int64_t every_us = 0;    // kEvery
  int64_t after_rows = 0;  // kAfterRows
  int64_t allowed_lateness_us = 0;
  bool discarding = false;
  friend bool operator==(const Emit&, const Emit&) = default;
};

// How an aggregation finds the window of a row.
struct AggregateWindow {
  WindowSpec window;
  // Input column with the row's event time.
  uint32_t time_column = 0;
  Emit emit;
  // How many of the input's first columns a LateRows node reads; 0: late rows are only counted.
  uint32_t late_columns = 0;
};

// Groups rows. Output: the key columns, then (where there is a window) window_start, window_end,
// window_time, then one column per call. No keys and no window: one row, always.
struct Aggregate {
  std::vector<uint32_t> keys;  // columns of the input
  std::optional<AggregateWindow> window;
  std::vector<AggregateCall> calls;  // none: DISTINCT
};

// The rows that came too late for the window aggregation below: the first columns of its input.
struct LateRows {};

enum class JoinKind : uint8_t { kInner, kLeft, kRight, kFull, kSemi, kAnti };

struct JoinKey {
  uint32_t left = 0;         // column of the left input
  uint32_t right = 0;        // column of the right input
  bool nulls_equal = false;  // IS NOT DISTINCT FROM
};

// Output: left columns, then right ones (kSemi, kAnti: left ones only).
struct Join {
  JoinKind kind = JoinKind::kInner;
  std::vector<JoinKey> keys;
  expr::ExpressionPtr residual;  // over left and right columns; null: TRUE
};

// All inputs have the types of the output.
struct UnionAll {};

// A row becomes one per element of an ARRAY or entry of a MAP, the element's columns (a ROW's
// fields, a MAP's key and value) behind its own, then the ordinality (BIGINT, from 1).
struct Unnest {
  uint32_t column = 0;
  bool with_ordinality = false;
  bool keeps_empty = false;  // LEFT JOIN UNNEST: a row without elements stays, with NULLs
};

struct SortKey {
  uint32_t column = 0;
  bool descending = false;
  bool nulls_first = false;
};

// For an input that ends: its rows in order, without the first `offset`, at most `limit`. No keys:
// as they come. Gives its rows when the input has ended, so its output is append-only.
struct Sort {
  std::vector<SortKey> keys;
  std::optional<uint64_t> limit;
  uint64_t offset = 0;
};

// Turns upserts (the newest row of a key counts, -D removes it) into changes of whole rows.
struct Normalize {
  std::vector<uint32_t> keys;
};

enum class SinkMode : uint8_t {
  kAppend,   // +I only
  kUpsert,   // by primary key: the newest row counts
  kChanges,  // +I -U +U -D as they are
  kResult,   // SELECT: the rows that are left when the inputs have ended
};

// The end of a query. Input column n goes to `columns[n]` of the target.
struct Sink {
  BoundTablePtr table;  // null: the client that asked
  std::vector<uint32_t> columns;
  SinkMode mode = SinkMode::kAppend;
  // kUpsert: columns of the input that are the primary key.
  std::vector<uint32_t> key_columns;
  // kUpsert: the query's rows have other keys than the target, so all live rows of a key are kept
  // and the last one counts (semantics.md, 4).
  bool materialize = false;
  // kResult: order of the printed rows is that of a Sort below; there is at most one task then.
  bool ordered = false;
};

using Operation = std::variant<Scan, Values, Filter, Project, AssignWindow, Aggregate, LateRows,
                               Join, UnionAll, Unnest, Sort, Normalize, Sink>;

// Node: one operation of the logical plan over its inputs.
//
// Threading:  immutable, shared freely.
// Order:      made by make_node, which checks the schema and derives the properties.
struct Node {
  Operation operation;
  std::vector<NodePtr> inputs;
  data::SchemaPtr schema;
  Properties properties;
  // Names the node's state over restarts and replanning: a hash of the subtree as it was bound,
  // before any optional rule; 0 until the plan is complete.
  uint64_t identity = 0;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&operation);
  }
  const NodePtr& input(size_t index = 0) const { return inputs[index]; }
};

// A node with its properties derived. `names` name the output columns where the operation does not
// (Project, Values, Aggregate, Unnest); empty: as the inputs call them.
NodePtr make_node(Operation operation, std::vector<NodePtr> inputs, data::SchemaPtr schema,
                  uint64_t identity = 0);
// The same operation over other inputs (same schemas); itself where they are the same.
NodePtr with_inputs(const NodePtr& node, std::vector<NodePtr> inputs);

// LogicalPlan: what one job or SELECT computes: one Sink node per target.
struct LogicalPlan {
  std::vector<NodePtr> sinks;
};

}  // namespace millrace::plan
