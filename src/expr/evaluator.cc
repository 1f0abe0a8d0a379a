#include "expr/evaluator.h"

#include <algorithm>
#include <unordered_map>

#include "base/assert.h"
#include "expr/kernel_loops.h"
#include "expr/program.h"

namespace millrace::expr {
namespace {

// Makes nodes of expressions, one for all equal ones.
class Compiler {
 public:
  Result<NodePtr> compile(const ExpressionPtr& expression) {
    const auto seen = by_address_.find(expression.get());
    if (seen != by_address_.end()) {
      seen->second->share();
      return seen->second;
    }
    std::vector<NodePtr> operands;
    for (const ExpressionPtr& operand : expr::operands(*expression)) {
      operands.push_back(MILLRACE_TRY(compile(operand)));
    }
    uint64_t key = hash_node(*expression);
    for (const NodePtr& operand : operands) {
      key = key * 31 + reinterpret_cast<uintptr_t>(operand.get());
    }
    // What holds a volatile call has operands like no other, so that nothing equals it.
    const auto* call = expression->as<Call>();
    const bool repeatable =
        call == nullptr || call->function->properties.volatility != Volatility::kVolatile;
    const auto [first, last] = known_.equal_range(key);
    for (auto at = first; repeatable && at != last; ++at) {
      const Known& known = at->second;
      if (known.operands == operands && equal_nodes(*known.expression, *expression)) {
        known.node->share();
        by_address_.emplace(expression.get(), known.node);
        return known.node;
      }
    }
    NodePtr node = MILLRACE_TRY(make_node(*expression, operands));
    nodes_.push_back(node);
    if (repeatable) {
      known_.emplace(key, Known{expression, operands, node});
      by_address_.emplace(expression.get(), node);
    }
    return node;
  }

  std::vector<NodePtr> take_nodes() { return std::move(nodes_); }

 private:
  struct Known {
    ExpressionPtr expression;
    std::vector<NodePtr> operands;
    NodePtr node;
  };

  static Result<NodePtr> make_node(const Expression& expression, std::vector<NodePtr> operands) {
    if (const auto* column = expression.as<ColumnRef>()) return make_column_node(*column);
    if (const auto* literal = expression.as<Literal>()) {
      return make_literal_node(*literal, expression.type());
    }
    if (expression.as<Call>() != nullptr) return make_call_node(expression, std::move(operands));
    if (expression.as<Cast>() != nullptr) return make_cast_node(expression, operands[0]);
    if (const auto* logical = expression.as<Logical>()) {
      return make_logical_node(logical->is_and, std::move(operands));
    }
    if (expression.as<Not>() != nullptr) return make_not_node(operands[0]);
    if (expression.as<Case>() != nullptr) {
      return make_case_node(expression.type(), std::move(operands));
    }
    if (expression.as<Coalesce>() != nullptr) {
      return make_coalesce_node(expression.type(), std::move(operands));
    }
    if (const auto* test = expression.as<Test>()) return make_test_node(*test, operands[0]);
    if (const auto* in = expression.as<InList>()) return make_in_list_node(*in, operands[0]);
    return make_field_node(expression.as<FieldAccess>()->field, operands[0]);
  }

  std::unordered_map<const Expression*, NodePtr> by_address_;
  std::unordered_multimap<uint64_t, Known> known_;
  std::vector<NodePtr> nodes_;
};

}  // namespace

struct Evaluator::Program {
  std::vector<ExpressionPtr> expressions;
  std::vector<NodePtr> roots;
  std::vector<NodePtr> nodes;
  SelectionPool selections;
  MemoryAccount* memory = nullptr;
  uint64_t evaluations = 0;

  Frame frame(const data::Batch& batch, const Rows& rows, Moment moment) {
    return {.batch = batch,
            .rows = rows,
            .run = {selections, moment.now_us, memory},
            .number = ++evaluations};
  }
  // So that no column of this batch is held until the next one comes.
  void forget() {
    for (const NodePtr& node : nodes) node->forget();
  }
};

Evaluator::Evaluator(std::unique_ptr<Program> program) : program_(std::move(program)) {}
Evaluator::Evaluator(Evaluator&&) noexcept = default;
Evaluator& Evaluator::operator=(Evaluator&&) noexcept = default;
Evaluator::~Evaluator() = default;

Result<Evaluator> Evaluator::compile(std::vector<ExpressionPtr> expressions,
                                     MemoryAccount* memory) {
  auto program = std::make_unique<Program>();
  program->memory = memory;
  Compiler compiler;
  for (const ExpressionPtr& expression : expressions) {
    program->roots.push_back(MILLRACE_TRY(compiler.compile(expression)));
  }
  program->nodes = compiler.take_nodes();
  program->expressions = std::move(expressions);
  return Evaluator(std::move(program));
}

const std::vector<ExpressionPtr>& Evaluator::expressions() const {
  return program_->expressions;
}

std::vector<Vector> Evaluator::evaluate(const data::Batch& batch, Moment moment) {
  const Rows rows = rows_of(batch);
  Frame frame = program_->frame(batch, rows, moment);
  std::vector<Vector> vectors;
  vectors.reserve(program_->roots.size());
  for (const NodePtr& root : program_->roots) vectors.push_back(root->evaluate(frame, rows));
  program_->forget();
  return vectors;
}

Vector Evaluator::evaluate(size_t index, const data::Batch& batch, const Rows& rows,
                           Moment moment) {
  Frame frame = program_->frame(batch, rows, moment);
  Vector vector = program_->roots[index]->evaluate(frame, rows);
  program_->forget();
  return vector;
}

data::Batch without_errors(data::Batch batch, const RowErrors& errors) {
  if (errors.empty()) return batch;
  Buffer selection = Buffer::allocate(size_t{batch.size()} * sizeof(uint16_t));
  auto* const to = selection.mutable_as<uint16_t>();
  uint32_t count = 0;
  auto error = errors.list().begin();
  batch.for_each_row([&](uint32_t row) {
    while (error != errors.list().end() && error->row < row) ++error;
    if (error == errors.list().end() || error->row != row) to[count++] = static_cast<uint16_t>(row);
  });
  return std::move(batch).with_selection(std::move(selection), count);
}

Result<Projection> Projection::compile(std::vector<ExpressionPtr> expressions,
                                       MemoryAccount* memory) {
  return Projection(MILLRACE_TRY(Evaluator::compile(std::move(expressions), memory)));
}

Projection::Output Projection::evaluate(const data::Batch& batch, Moment moment) {
  Output output;
  for (Vector& vector : evaluator_.evaluate(batch, moment)) {
    if (vector.errors != nullptr) output.errors.merge(vector.errors->within(rows_of(batch)));
    output.columns.push_back(std::move(vector.column));
  }
  return output;
}

Result<Predicate> Predicate::compile(ExpressionPtr condition, MemoryAccount* memory) {
  MILLRACE_ASSERT(condition->type().kind() == data::TypeKind::kBoolean);
  std::vector<ExpressionPtr> expressions{std::move(condition)};
  return Predicate(MILLRACE_TRY(Evaluator::compile(std::move(expressions), memory)));
}

Predicate::Output Predicate::evaluate(data::Batch batch, Moment moment) {
  const Rows rows = rows_of(batch);
  const Vector condition = evaluator_.evaluate(0, batch, rows, moment);
  Output output;
  if (condition.errors != nullptr) output.errors = condition.errors->within(rows);
  const data::ColumnPtr column = condition.column->encoding() == data::Encoding::kDictionary
                                     ? data::flatten(condition.column)
                                     : condition.column;
  const Truth truth(*column);
  if (column->encoding() == data::Encoding::kConstant && truth.is_true(0) != 0) {
    output.batch = std::move(batch);
    return output;
  }
  Buffer selection = Buffer::allocate((size_t{rows.count} + 1) * sizeof(uint16_t));
  auto* const to = selection.mutable_as<uint16_t>();
  uint32_t count = 0;
  if (rows.is_all()) {
    for (size_t word = 0; word < data::bitmap_words(rows.physical); ++word) {
      uint64_t bits = truth.is_true(word);
      if (word + 1 == data::bitmap_words(rows.physical)) bits &= data::tail_mask(rows.physical);
      for (; bits != 0; bits &= bits - 1) {
        to[count++] =
            static_cast<uint16_t>(word * 64 + static_cast<size_t>(std::countr_zero(bits)));
      }
    }
  } else {
    rows.for_each([&](uint32_t row) {
      to[count] = static_cast<uint16_t>(row);
      count += (truth.is_true(row / 64) >> (row % 64)) & 1;
    });
  }
  // All rows that counted pass: the batch as it is.
  output.batch = count == rows.count ? std::move(batch)
                                     : std::move(batch).with_selection(std::move(selection), count);
  return output;
}

}  // namespace millrace::expr
