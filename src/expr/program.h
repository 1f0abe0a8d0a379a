#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "expr/evaluator.h"
#include "expr/kernel_run.h"
#include "expr/vector.h"

namespace millrace::expr {

// What one evaluation of a batch goes by.
struct Frame {
  const data::Batch& batch;
  Rows rows;  // those that every expression is asked for
  KernelRun run;
  uint64_t number = 0;  // of the evaluation, to know what was computed in it
};

// Node: a compiled expression. Shared by every place where it occurs.
//
// Threading:  confined to one task.
class Node {
 public:
  virtual ~Node() = default;
  Vector evaluate(Frame& frame, const Rows& rows);

  // Worth computing for rows that may not need it, as that is cheaper than to find out; never
  // fails.
  virtual bool is_cheap() const { return false; }
  // It has a second place: its result is kept for the rest of the evaluation.
  void share() { shared_ = true; }
  void forget() { kept_ = {}; }

 protected:
  virtual Vector compute(Frame& frame, const Rows& rows) = 0;

 private:
  bool shared_ = false;
  uint64_t kept_number_ = 0;
  Vector kept_;
};
using NodePtr = std::shared_ptr<Node>;

// Nodes for the kinds of expression, over the nodes of their operands.
NodePtr make_column_node(const ColumnRef& column);
NodePtr make_literal_node(const Literal& literal, const data::Type& type);
Result<NodePtr> make_call_node(const Expression& expression, std::vector<NodePtr> arguments);
Result<NodePtr> make_cast_node(const Expression& expression, NodePtr operand);
NodePtr make_logical_node(bool is_and, std::vector<NodePtr> operands);
NodePtr make_not_node(NodePtr operand);
NodePtr make_test_node(const Test& test, NodePtr operand);
NodePtr make_case_node(const data::Type& type, std::vector<NodePtr> operands);
NodePtr make_coalesce_node(const data::Type& type, std::vector<NodePtr> operands);
NodePtr make_in_list_node(const InList& in, NodePtr operand);
NodePtr make_field_node(uint32_t field, NodePtr operand);

// A BOOLEAN column as two bitmaps: where it is TRUE, where it is FALSE. Flat and constant columns.
struct Truth {
  explicit Truth(const data::Column& column);
  uint64_t is_true(size_t word) const {
    return constant_ ? (valid_ && value_ ? ~uint64_t{0} : 0)
                     : values_[word] & (validity_ != nullptr ? validity_[word] : ~uint64_t{0});
  }
  uint64_t is_false(size_t word) const {
    return constant_ ? (valid_ && !value_ ? ~uint64_t{0} : 0)
                     : ~values_[word] & (validity_ != nullptr ? validity_[word] : ~uint64_t{0});
  }

 private:
  bool constant_ = false;
  bool valid_ = true;
  bool value_ = false;
  const uint64_t* values_ = nullptr;
  const uint64_t* validity_ = nullptr;
};

// A part of the rows of a result, and where they come from.
struct MergeSource {
  data::ColumnPtr column;
  Rows rows;
};
// A column of `type` that has each source's rows; others are NULL. Sources do not overlap.
data::ColumnPtr merge_rows(const data::Type& type, std::vector<MergeSource> sources,
                           uint32_t physical, MemoryAccount* memory);

}  // namespace millrace::expr
