#include <cstring>

#include "expr/kernel_loops.h"
#include "expr/program.h"

namespace millrace::expr {
namespace {

using data::Column;
using data::ColumnPtr;
using data::TypeKind;

RowErrorsPtr shared(RowErrors errors) {
  return errors.empty() ? nullptr : std::make_shared<const RowErrors>(std::move(errors));
}

// AND and OR. An operand is FALSE, TRUE, NULL or failed; FALSE decides an AND, TRUE an OR, whatever
// the others are and whatever their order. What is decided is not computed further.
class LogicalNode : public Node {
 public:
  LogicalNode(bool is_and, std::vector<NodePtr> operands)
      : is_and_(is_and), operands_(std::move(operands)) {}

  bool is_cheap() const override {
    for (const NodePtr& operand : operands_) {
      if (!operand->is_cheap()) return false;
    }
    return true;
  }

 protected:
  Vector compute(Frame& frame, const Rows& rows) override {
    const size_t words = data::bitmap_words(rows.physical);
    const size_t bytes = data::bitmap_bytes(rows.physical);
    Buffer decided = Buffer::zeroed(bytes, frame.run.memory);      // FALSE of an AND
    Buffer unanimous = Buffer::allocate(bytes, frame.run.memory);  // TRUE of an AND
    std::memset(unanimous.mutable_data(), 0xff, bytes);
    auto* const some = decided.mutable_as<uint64_t>();
    auto* const every = unanimous.mutable_as<uint64_t>();

    RowErrors errors;
    SelectionPool::Lease lease = frame.run.selections.lease();
    Rows active = rows;
    for (size_t at = 0; at < operands_.size(); ++at) {
      const Vector operand = operands_[at]->evaluate(frame, active);
      const ColumnPtr column = operand.column->encoding() == data::Encoding::kDictionary
                                   ? data::flatten(operand.column)
                                   : operand.column;
      const Truth truth(*column);
      for (size_t word = 0; word < words; ++word) {
        some[word] |= is_and_ ? truth.is_false(word) : truth.is_true(word);
        every[word] &= is_and_ ? truth.is_true(word) : truth.is_false(word);
      }
      if (operand.errors != nullptr) errors.merge(*operand.errors);
      if (at + 1 == operands_.size() || operands_[at + 1]->is_cheap()) continue;
      active = narrow(rows, some, lease);
      if (active.count == 0) break;
    }
    errors.keep_if([&](uint32_t row) { return !data::get_bit(some, row); });
    return {result(std::move(decided), std::move(unanimous), rows.physical),
            shared(std::move(errors))};
  }

 private:
  // The rows that are not decided yet. Where an AND stopped, its rows are all decided.
  static Rows narrow(const Rows& rows, const uint64_t* decided, SelectionPool::Lease& lease) {
    bool any = false;
    for (size_t word = 0; word < data::bitmap_words(rows.physical); ++word) {
      any |= decided[word] != 0;
    }
    if (!any) return rows;
    return lease.fill(rows, [&](uint32_t row) { return !data::get_bit(decided, row); });
  }

  ColumnPtr result(Buffer decided, Buffer unanimous, uint32_t rows) const {
    const size_t words = data::bitmap_words(rows);
    Buffer& truth = is_and_ ? unanimous : decided;
    Buffer& falsity = is_and_ ? decided : unanimous;
    auto* const known = falsity.mutable_as<uint64_t>();
    const auto* const values = truth.as<uint64_t>();
    uint64_t all = ~uint64_t{0};
    for (size_t word = 0; word < words; ++word) {
      known[word] |= values[word];
      all &= word + 1 < words ? known[word] : known[word] | ~data::tail_mask(rows);
    }
    return make_flat(TypeKind::kBoolean, rows, std::move(truth),
                     ~all == 0 ? Buffer() : std::move(falsity));
  }

  bool is_and_;
  std::vector<NodePtr> operands_;
};

class NotNode : public Node {
 public:
  explicit NotNode(NodePtr operand) : operand_(std::move(operand)) {}
  bool is_cheap() const override { return operand_->is_cheap(); }

 protected:
  Vector compute(Frame& frame, const Rows& rows) override {
    Vector operand = operand_->evaluate(frame, rows);
    const ColumnPtr column = data::flatten(operand.column);
    Buffer values = Buffer::allocate(data::bitmap_bytes(rows.physical), frame.run.memory);
    const auto* from = column->data<uint64_t>();
    auto* to = values.mutable_as<uint64_t>();
    for (size_t word = 0; word < data::bitmap_words(rows.physical); ++word) to[word] = ~from[word];
    return {make_flat(TypeKind::kBoolean, rows.physical, std::move(values), column->validity()),
            std::move(operand.errors)};
  }

 private:
  NodePtr operand_;
};

// IS NULL of anything; IS TRUE, IS FALSE of a BOOLEAN.
class TestNode : public Node {
 public:
  TestNode(const Test& test, NodePtr operand)
      : kind_(test.kind), negated_(test.negated), operand_(std::move(operand)) {}
  bool is_cheap() const override { return operand_->is_cheap(); }

 protected:
  Vector compute(Frame& frame, const Rows& rows) override {
    Vector operand = operand_->evaluate(frame, rows);
    const bool by_value = kind_ != TestKind::kNull;
    const ColumnPtr values = by_value && operand.column->encoding() == data::Encoding::kDictionary
                                 ? data::flatten(operand.column)
                                 : operand.column;
    ColumnPtr column = test(*values, rows.physical, frame.run.memory);
    if (operand.errors != nullptr) {
      column = with_nulls_for(std::move(column), *operand.errors, frame.run.memory);
    }
    return {std::move(column), std::move(operand.errors)};
  }

 private:
  ColumnPtr test(const Column& column, uint32_t rows, MemoryAccount* memory) const {
    if (column.encoding() == data::Encoding::kConstant || column.width() == data::Width::kNone) {
      const bool is_null = column.is_null(0);
      bool holds = is_null;
      if (kind_ != TestKind::kNull) {
        holds = !is_null && column.value(0).boolean() == (kind_ == TestKind::kTrue);
      }
      return Column::constant(TypeKind::kBoolean, holds != negated_, rows);
    }
    if (kind_ == TestKind::kNull && !column.may_have_nulls()) {
      return Column::constant(TypeKind::kBoolean, negated_, rows);
    }
    Buffer values = Buffer::allocate(data::bitmap_bytes(rows), memory);
    auto* const to = values.mutable_as<uint64_t>();
    const uint64_t flip = negated_ ? ~uint64_t{0} : 0;
    const uint64_t* const validity = column.validity_words();
    for (size_t word = 0; word < data::bitmap_words(rows); ++word) {
      const uint64_t valid = validity != nullptr ? validity[word] : ~uint64_t{0};
      uint64_t bits = ~valid;
      if (kind_ != TestKind::kNull) {
        const uint64_t value = column.data<uint64_t>()[word];
        bits = valid & (kind_ == TestKind::kTrue ? value : ~value);
      }
      to[word] = bits ^ flip;
    }
    return make_flat(TypeKind::kBoolean, rows, std::move(values));
  }

  TestKind kind_;
  bool negated_;
  NodePtr operand_;
};

}  // namespace

Truth::Truth(const Column& column) : constant_(column.encoding() == data::Encoding::kConstant) {
  if (constant_) {
    valid_ = !column.is_null(0);
    value_ = valid_ && data::get_bit(column.data<uint64_t>(), 0);
    return;
  }
  values_ = column.data<uint64_t>();
  validity_ = column.validity_words();
}

NodePtr make_logical_node(bool is_and, std::vector<NodePtr> operands) {
  return std::make_shared<LogicalNode>(is_and, std::move(operands));
}

NodePtr make_not_node(NodePtr operand) {
  return std::make_shared<NotNode>(std::move(operand));
}

NodePtr make_test_node(const Test& test, NodePtr operand) {
  return std::make_shared<TestNode>(test, std::move(operand));
}

}  // namespace millrace::expr
