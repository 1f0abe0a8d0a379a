#include <deque>

#include "expr/kernel_loops.h"
#include "expr/program.h"

namespace millrace::expr {
namespace {

using data::Column;
using data::ColumnPtr;

// What CASE and COALESCE share: rows leave one after the other for the operand that gives their
// value.
class Choice {
 public:
  Choice(Frame& frame, const data::Type& type, const Rows& rows)
      : frame_(frame), type_(type), all_(rows), remaining_(rows) {}

  const Rows& remaining() const { return remaining_; }

  // Rows of remaining() that failed leave, to be NULL.
  void drop_failed(const Vector& vector) {
    if (vector.errors == nullptr) return;
    RowErrors failed = vector.errors->within(remaining_);
    if (failed.empty()) return;
    retain([&](uint32_t row) { return failed.find(row) == nullptr; });
    errors_.merge(failed);
    failed_ = true;
  }
  // Of remaining(), the rows that `keep` wants; valid as long as this.
  template <class Keep>
  Rows select(Keep&& keep) {
    return leases_.emplace_back(frame_.run.selections.lease()).fill(remaining_, keep);
  }
  template <class Keep>
  void retain(Keep&& keep) {
    remaining_ = select(keep);
  }
  void add(const Vector& vector, const Rows& rows) {
    if (rows.count == 0) return;
    if (vector.errors != nullptr) errors_.merge(vector.errors->within(rows));
    sources_.push_back({vector.column, rows});
  }

  Vector finish() {
    RowErrorsPtr errors;
    if (!errors_.empty()) errors = std::make_shared<const RowErrors>(std::move(errors_));
    // A single source has every row but those that failed, which are NULL in it or must become so.
    if (sources_.size() == 1 && !failed_ && sources_[0].rows.count == all_.count) {
      return {std::move(sources_[0].column), std::move(errors)};
    }
    return {merge_rows(type_, std::move(sources_), all_.physical, frame_.run.memory),
            std::move(errors)};
  }

 private:
  Frame& frame_;
  const data::Type& type_;
  Rows all_;
  Rows remaining_;
  std::deque<SelectionPool::Lease> leases_;
  std::vector<MergeSource> sources_;
  RowErrors errors_;
  bool failed_ = false;
};

class CaseNode : public Node {
 public:
  CaseNode(data::Type type, std::vector<NodePtr> operands)
      : type_(std::move(type)), operands_(std::move(operands)) {}

 protected:
  Vector compute(Frame& frame, const Rows& rows) override {
    Choice choice(frame, type_, rows);
    for (size_t at = 0; at + 1 < operands_.size(); at += 2) {
      if (choice.remaining().count == 0) break;
      const Vector when = operands_[at]->evaluate(frame, choice.remaining());
      choice.drop_failed(when);
      const ColumnPtr condition = when.column->encoding() == data::Encoding::kDictionary
                                      ? data::flatten(when.column)
                                      : when.column;
      const Truth truth(*condition);
      const auto holds = [&](uint32_t row) { return (truth.is_true(row / 64) >> (row % 64)) & 1; };
      const Rows taken = choice.select(holds);
      if (taken.count == 0) continue;
      choice.add(operands_[at + 1]->evaluate(frame, taken), taken);
      choice.retain([&](uint32_t row) { return !holds(row); });
    }
    const Rows rest = choice.remaining();
    if (rest.count > 0) choice.add(operands_.back()->evaluate(frame, rest), rest);
    return choice.finish();
  }

 private:
  data::Type type_;
  std::vector<NodePtr> operands_;  // when, then, when, then, …, otherwise
};

class CoalesceNode : public Node {
 public:
  CoalesceNode(data::Type type, std::vector<NodePtr> operands)
      : type_(std::move(type)), operands_(std::move(operands)) {}

 protected:
  Vector compute(Frame& frame, const Rows& rows) override {
    Choice choice(frame, type_, rows);
    for (const NodePtr& operand : operands_) {
      const Vector vector = operand->evaluate(frame, choice.remaining());
      choice.drop_failed(vector);
      const Column& column = *vector.column;
      const bool is_last = &operand == &operands_.back();
      if (is_last || (column.width() != data::Width::kNone && !column.may_have_nulls())) {
        choice.add({vector.column, nullptr}, choice.remaining());
        break;
      }
      const bool per_row = column.encoding() != data::Encoding::kConstant;
      const auto is_null = [&](uint32_t row) {
        return column.width() == data::Width::kNone ||
               !data::get_bit(column.validity_words(), per_row ? row : 0);
      };
      choice.add({vector.column, nullptr},
                 choice.select([&](uint32_t row) { return !is_null(row); }));
      choice.retain(is_null);
      if (choice.remaining().count == 0) break;
    }
    return choice.finish();
  }

 private:
  data::Type type_;
  std::vector<NodePtr> operands_;
};

}  // namespace

NodePtr make_case_node(const data::Type& type, std::vector<NodePtr> operands) {
  return std::make_shared<CaseNode>(type, std::move(operands));
}

NodePtr make_coalesce_node(const data::Type& type, std::vector<NodePtr> operands) {
  return std::make_shared<CoalesceNode>(type, std::move(operands));
}

}  // namespace millrace::expr
