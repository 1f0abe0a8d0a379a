#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/memory_account.h"
#include "base/result.h"
#include "data/batch.h"
#include "expr/expression.h"
#include "expr/vector.h"

namespace millrace::expr {

// The moment of an evaluation: the last tick; what NOW() gives.
struct Moment {
  int64_t now_us = 0;
};

// Evaluator: expressions over one input, compiled together; equal sub-expressions are computed
// once per batch. Kernels run over the rows that count; results have the batch's physical rows, so
// that they can stand beside its columns under the same selection.
//
// Threading:  confined to one task (kernels keep scratch).
// Failure:    compile: kInvalidArgument (a constant pattern that can never work). Rows that fail
//             are data: see Vector.
class Evaluator {
 public:
  // Columns are those of the batches to come. `memory` (may be null) is charged with results.
  static Result<Evaluator> compile(std::vector<ExpressionPtr> expressions,
                                   MemoryAccount* memory = nullptr);
  Evaluator(Evaluator&&) noexcept;
  Evaluator& operator=(Evaluator&&) noexcept;
  ~Evaluator();

  const std::vector<ExpressionPtr>& expressions() const;

  // One Vector per expression, in order. A plain column reference is the batch's own column.
  std::vector<Vector> evaluate(const data::Batch& batch, Moment moment = {});
  // Of one expression, over chosen rows of the batch.
  Vector evaluate(size_t index, const data::Batch& batch, const Rows& rows, Moment moment = {});

 private:
  struct Program;
  explicit Evaluator(std::unique_ptr<Program> program);
  std::unique_ptr<Program> program_;
};

// Rows of a batch that count.
inline Rows rows_of(const data::Batch& batch) {
  return {batch.rows(), batch.size(), batch.selection()};
}
// `batch` without the rows that have an error.
data::Batch without_errors(data::Batch batch, const RowErrors& errors);

// Projection: the columns of a new batch from those of an old one.
//
// Threading, Failure: as Evaluator.
class Projection {
 public:
  static Result<Projection> compile(std::vector<ExpressionPtr> expressions,
                                    MemoryAccount* memory = nullptr);

  struct Output {
    std::vector<data::ColumnPtr> columns;  // of batch.rows() rows
    // Rows that count where any expression failed, with the first error: for the caller to reject,
    // and to leave out with without_errors.
    RowErrors errors;
  };
  Output evaluate(const data::Batch& batch, Moment moment = {});

 private:
  explicit Projection(Evaluator evaluator) : evaluator_(std::move(evaluator)) {}
  Evaluator evaluator_;
};

// Predicate: which rows satisfy a condition.
//
// Threading, Failure: as Evaluator.
class Predicate {
 public:
  // Of type BOOLEAN.
  static Result<Predicate> compile(ExpressionPtr condition, MemoryAccount* memory = nullptr);

  struct Output {
    data::Batch batch;  // the same columns; selected: rows where the condition is TRUE
    RowErrors errors;   // rows that count where it failed: for the caller to reject
  };
  Output evaluate(data::Batch batch, Moment moment = {});

 private:
  explicit Predicate(Evaluator evaluator) : evaluator_(std::move(evaluator)) {}
  Evaluator evaluator_;
};

// Computes what is constant: literals in place of immutable calls over literals, AND and OR without
// operands that do not matter, CASE without branches that are never taken. What would fail stays,
// and fails row by row.
ExpressionPtr fold_constants(const ExpressionPtr& expression);
// The value of an expression without columns. Failure: what its row error says (blame kData).
Result<data::Value> evaluate_constant(const ExpressionPtr& expression, Moment moment = {});

}  // namespace millrace::expr
