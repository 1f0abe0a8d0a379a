#include "expr/cast_kernel.h"
#include "expr/program.h"

namespace millrace::expr {
namespace {

using data::Column;
using data::ColumnPtr;

class ColumnNode : public Node {
 public:
  explicit ColumnNode(uint32_t index) : index_(index) {}
  bool is_cheap() const override { return true; }

 protected:
  Vector compute(Frame& frame, const Rows&) override {
    return {frame.batch.column(index_), nullptr};
  }

 private:
  uint32_t index_;
};

class LiteralNode : public Node {
 public:
  LiteralNode(const data::Value& value, const data::Type& type)
      : column_(Column::constant(type, value, 1)) {}
  bool is_cheap() const override { return true; }

 protected:
  Vector compute(Frame&, const Rows& rows) override {
    if (column_->rows() != rows.physical) {
      column_ = column_->width() == data::Width::kNone
                    ? Column::nulls(column_->type(), rows.physical)
                    : Column::constant(column_->constant_row(), rows.physical);
    }
    return {column_, nullptr};
  }

 private:
  ColumnPtr column_;  // of as many rows as the last batch
};

class CallNode : public Node {
 public:
  CallNode(std::unique_ptr<Kernel> kernel, const FunctionProperties& properties, data::Type result,
           std::vector<NodePtr> arguments)
      : kernel_(std::move(kernel)),
        properties_(properties),
        result_(std::move(result)),
        arguments_(std::move(arguments)) {}

  bool is_cheap() const override {
    if (!properties_.total || properties_.may_fail) return false;
    for (const NodePtr& argument : arguments_) {
      if (!argument->is_cheap()) return false;
    }
    return true;
  }

 protected:
  Vector compute(Frame& frame, const Rows& rows) override {
    std::vector<Vector> arguments;
    arguments.reserve(arguments_.size());
    for (const NodePtr& argument : arguments_) {
      arguments.push_back(argument->evaluate(frame, rows));
    }
    return run_kernel(*kernel_, properties_, result_, std::move(arguments), rows, frame.run);
  }

 private:
  std::unique_ptr<Kernel> kernel_;
  FunctionProperties properties_;
  data::Type result_;
  std::vector<NodePtr> arguments_;
};

// TRY_CAST: what the cast itself cannot do is NULL; what failed before it stays failed.
class TryCastNode : public Node {
 public:
  TryCastNode(std::unique_ptr<Kernel> kernel, const FunctionProperties& properties,
              data::Type result, NodePtr operand)
      : kernel_(std::move(kernel)),
        properties_(properties),
        result_(std::move(result)),
        operand_(std::move(operand)) {}

 protected:
  Vector compute(Frame& frame, const Rows& rows) override {
    Vector operand = operand_->evaluate(frame, rows);
    const Vector values{operand.column, nullptr};
    Vector cast = run_kernel(*kernel_, properties_, result_, {values}, rows, frame.run);
    return {std::move(cast.column), std::move(operand.errors)};
  }

 private:
  std::unique_ptr<Kernel> kernel_;
  FunctionProperties properties_;
  data::Type result_;
  NodePtr operand_;
};

class FieldNode : public Node {
 public:
  FieldNode(uint32_t field, NodePtr operand) : field_(field), operand_(std::move(operand)) {}
  bool is_cheap() const override { return operand_->is_cheap(); }

 protected:
  Vector compute(Frame& frame, const Rows& rows) override {
    Vector operand = operand_->evaluate(frame, rows);
    return {field_of(*operand.column, rows.physical, frame.run.memory), std::move(operand.errors)};
  }

 private:
  ColumnPtr field_of(const Column& row, uint32_t rows, MemoryAccount* memory) const {
    if (row.encoding() == data::Encoding::kConstant) {
      const data::Type& type = row.type().fields()[field_].type;
      if (row.is_null(0)) return Column::nulls(type, rows);
      const ColumnPtr child = row.constant_row()->children()[field_];
      return Column::constant(data::flatten(data::slice(child, 0, 1)), rows);
    }
    if (row.encoding() == data::Encoding::kDictionary) {
      const ColumnPtr entries = field_of(*row.dictionary(), row.dictionary()->rows(), memory);
      const ColumnPtr flat = data::gather(entries, row.data<uint32_t>(), rows);
      return masked(flat, row.validity(), rows, memory);
    }
    ColumnPtr child = row.children()[field_];
    if (child->rows() != rows) child = data::slice(child, 0, rows);
    return masked(std::move(child), row.validity(), rows, memory);
  }

  static ColumnPtr masked(ColumnPtr column, const Buffer& validity, uint32_t rows,
                          MemoryAccount* memory) {
    if (validity.empty() || column->width() == data::Width::kNone) return column;
    if (column->encoding() == data::Encoding::kConstant) column = data::flatten(column);
    if (column->validity().empty()) return column->with_validity(validity);
    Buffer both = Buffer::allocate(data::bitmap_bytes(rows), memory);
    for (size_t word = 0; word < data::bitmap_words(rows); ++word) {
      both.mutable_as<uint64_t>()[word] =
          validity.as<uint64_t>()[word] & column->validity_words()[word];
    }
    return column->with_validity(std::move(both));
  }

  uint32_t field_;
  NodePtr operand_;
};

}  // namespace

Vector Node::evaluate(Frame& frame, const Rows& rows) {
  if (!shared_) return compute(frame, rows);
  if (kept_number_ == frame.number) return kept_;
  Vector vector = compute(frame, rows);
  if (rows.selection == frame.rows.selection && rows.count == frame.rows.count) {
    kept_ = vector;
    kept_number_ = frame.number;
  }
  return vector;
}

NodePtr make_column_node(const ColumnRef& column) {
  return std::make_shared<ColumnNode>(column.index);
}

NodePtr make_literal_node(const Literal& literal, const data::Type& type) {
  return std::make_shared<LiteralNode>(literal.value, type);
}

Result<NodePtr> make_call_node(const Expression& expression, std::vector<NodePtr> arguments) {
  const Call& call = *expression.as<Call>();
  std::vector<const data::Value*> constants;
  for (const ExpressionPtr& argument : call.arguments) {
    const auto* literal = argument->as<Literal>();
    constants.push_back(literal != nullptr ? &literal->value : nullptr);
  }
  const KernelContext context{call.function->arguments, constants, call.function->result};
  std::unique_ptr<Kernel> kernel = MILLRACE_TRY(call.function->kernel(context));
  return std::make_shared<CallNode>(std::move(kernel), call.function->properties, expression.type(),
                                    std::move(arguments));
}

Result<NodePtr> make_cast_node(const Expression& expression, NodePtr operand) {
  const Cast& cast = *expression.as<Cast>();
  CastKernel made = make_cast_kernel(cast.operand->type(), expression.type(), cast.mode);
  if (cast.mode == CastMode::kTry) {
    return std::make_shared<TryCastNode>(std::move(made.kernel), made.properties, expression.type(),
                                         std::move(operand));
  }
  return std::make_shared<CallNode>(std::move(made.kernel), made.properties, expression.type(),
                                    std::vector<NodePtr>{std::move(operand)});
}

NodePtr make_field_node(uint32_t field, NodePtr operand) {
  return std::make_shared<FieldNode>(field, std::move(operand));
}

}  // namespace millrace::expr
