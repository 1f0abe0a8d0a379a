// Random expressions over random batches: the vectorised evaluator against one that takes a row at
// a time, follows the text of SQL, and shares nothing with it but the tree.

#include <gtest/gtest.h>

#include <random>

#include "data/builder.h"
#include "data/predicate.h"
#include "expr/build.h"
#include "expr/evaluator.h"
#include "functions/builtin.h"

namespace millrace::functions {
namespace {

using data::Column;
using data::ColumnBuilder;
using data::ColumnPtr;
using data::Type;
using data::TypeKind;
using data::Value;
using expr::Expression;
using expr::ExpressionPtr;

// A value, NULL, or that the row failed.
struct Outcome {
  Value value;
  bool failed = false;
  bool is_null() const { return !failed && value.is_null(); }
  bool is(bool truth) const { return !failed && !value.is_null() && value.boolean() == truth; }
};
const Outcome kFailed{Value(), true};

using Row = std::vector<Value>;

// ---- one row at a time --------------------------------------------------------------------------

Outcome reference(const Expression& expression, const Row& row);

int64_t limit_of(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kSmallint:
      return 32767;
    case TypeKind::kInt:
      return 2147483647;
    default:
      return INT64_MAX;
  }
}

Outcome integer(const Type& type, __int128 value) {
  const __int128 limit = limit_of(type);
  if (value > limit || value < -limit - 1) return kFailed;
  return {Value(static_cast<int64_t>(value))};
}

Outcome arithmetic(const std::string& name, const Type& type, const Value& a, const Value& b) {
  const __int128 x = a.integer();
  const __int128 y = b.integer();
  if (name == "+") return integer(type, x + y);
  if (name == "-") return integer(type, x - y);
  if (name == "*") return integer(type, x * y);
  if (y == 0) return kFailed;
  return integer(type, name == "/" ? x / y : x % y);
}

Outcome compared(const std::string& name, const Type& type, const Value& a, const Value& b) {
  const int order = data::compare(a, b, type);
  if (name == "=") return {Value(order == 0)};
  if (name == "<>") return {Value(order != 0)};
  if (name == "<") return {Value(order < 0)};
  if (name == "<=") return {Value(order <= 0)};
  if (name == ">") return {Value(order > 0)};
  return {Value(order >= 0)};
}

Outcome called(const Expression& expression, const expr::Call& call, const Row& row) {
  std::vector<Outcome> arguments;
  bool any_failed = false;
  bool any_null = false;
  for (const ExpressionPtr& argument : call.arguments) {
    arguments.push_back(reference(*argument, row));
    any_failed |= arguments.back().failed;
    any_null |= arguments.back().is_null();
  }
  const std::string& name = call.function->name;
  if (any_failed) return kFailed;
  if (name == "IS DISTINCT FROM") {
    const Value& a = arguments[0].value;
    const Value& b = arguments[1].value;
    if (a.is_null() || b.is_null()) return {Value(a.is_null() != b.is_null())};
    return {Value(data::compare(a, b, call.function->arguments[0]) != 0)};
  }
  if (any_null) return {};
  if (name == "NEGATE") {
    return integer(expression.type(), -static_cast<__int128>(arguments[0].value.integer()));
  }
  if (name == "UPPER") {
    std::string text = arguments[0].value.text();
    for (char& c : text) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
    return {Value(text)};
  }
  if (name == "||") return {Value(arguments[0].value.text() + arguments[1].value.text())};
  if (expression.type().kind() == TypeKind::kBoolean) {
    return compared(name, call.function->arguments[0], arguments[0].value, arguments[1].value);
  }
  return arithmetic(name, expression.type(), arguments[0].value, arguments[1].value);
}

Outcome converted(const Expression& expression, const expr::Cast& cast, const Row& row) {
  const Outcome operand = reference(*cast.operand, row);
  if (operand.failed || operand.is_null()) return operand;
  Outcome result;
  if (expression.type().is_text()) {
    result = {Value(std::to_string(operand.value.integer()))};
  } else if (cast.operand->type().is_text()) {
    const std::string& text = operand.value.text();
    const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    result = digits && text.size() < 10 ? Outcome{Value(int64_t{std::stoll(text)})} : kFailed;
  } else {
    result = integer(expression.type(), operand.value.integer());
  }
  if (result.failed && cast.mode == expr::CastMode::kTry) return {};
  return result;
}

// FALSE decides an AND whatever else is there; then errors, then NULL.
Outcome combined(const expr::Logical& logical, const Row& row) {
  bool failed = false;
  bool null = false;
  for (const ExpressionPtr& operand : logical.operands) {
    const Outcome part = reference(*operand, row);
    if (part.is(!logical.is_and)) return {Value(!logical.is_and)};
    failed |= part.failed;
    null |= part.is_null();
  }
  if (failed) return kFailed;
  return null ? Outcome{} : Outcome{Value(logical.is_and)};
}

Outcome chosen(const expr::Case& choice, const Row& row) {
  for (const expr::CaseBranch& branch : choice.branches) {
    const Outcome when = reference(*branch.when, row);
    if (when.failed) return kFailed;
    if (when.is(true)) return reference(*branch.then, row);
  }
  return reference(*choice.otherwise, row);
}

Outcome first_value(const expr::Coalesce& coalesce, const Row& row) {
  for (const ExpressionPtr& operand : coalesce.operands) {
    const Outcome part = reference(*operand, row);
    if (!part.is_null()) return part;
  }
  return {};
}

Outcome listed(const expr::InList& in, const Row& row) {
  const Outcome operand = reference(*in.operand, row);
  if (operand.failed || operand.is_null()) return operand;
  for (const Value& value : in.list) {
    if (data::compare(value, operand.value, in.operand->type()) == 0) return {Value(!in.negated)};
  }
  return in.has_null ? Outcome{} : Outcome{Value(in.negated)};
}

Outcome reference(const Expression& expression, const Row& row) {
  if (const auto* column = expression.as<expr::ColumnRef>()) return {row[column->index]};
  if (const auto* literal = expression.as<expr::Literal>()) return {literal->value};
  if (const auto* call = expression.as<expr::Call>()) return called(expression, *call, row);
  if (const auto* cast = expression.as<expr::Cast>()) return converted(expression, *cast, row);
  if (const auto* logical = expression.as<expr::Logical>()) return combined(*logical, row);
  if (const auto* choice = expression.as<expr::Case>()) return chosen(*choice, row);
  if (const auto* coalesce = expression.as<expr::Coalesce>()) return first_value(*coalesce, row);
  if (const auto* in = expression.as<expr::InList>()) return listed(*in, row);
  if (const auto* negation = expression.as<expr::Not>()) {
    const Outcome operand = reference(*negation->operand, row);
    if (operand.failed || operand.is_null()) return operand;
    return {Value(!operand.value.boolean())};
  }
  const auto& test = *expression.as<expr::Test>();
  const Outcome operand = reference(*test.operand, row);
  if (operand.failed) return kFailed;
  const bool holds = test.kind == expr::TestKind::kNull   ? operand.is_null()
                     : test.kind == expr::TestKind::kTrue ? operand.is(true)
                                                          : operand.is(false);
  return {Value(holds != test.negated)};
}

// ---- random input -------------------------------------------------------------------------------

const Type kTypes[] = {TypeKind::kBigint,  TypeKind::kInt,     TypeKind::kSmallint,
                       TypeKind::kBoolean, TypeKind::kVarchar, TypeKind::kDouble};

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed) { register_builtin_functions(registry_); }

  size_t pick(size_t count) { return random_() % count; }
  bool chance(size_t one_in) { return pick(one_in) == 0; }

  Value value(const Type& type) {
    static constexpr int64_t kNumbers[] = {0, 1, -1, 2, 3, 5, 100, 32767, -32768};
    static constexpr const char* kTexts[] = {
        "", "7", "x", "Ab", "12345678901234", "long enough to be outside", "32768"};
    if (chance(5)) return Value();
    switch (type.kind()) {
      case TypeKind::kBoolean:
        return Value(chance(2));
      case TypeKind::kVarchar:
        return Value(kTexts[pick(std::size(kTexts))]);
      case TypeKind::kDouble: {
        static constexpr double kReals[] = {0.0, -0.0, 1.5, -2.25, 1e300, NAN};
        return Value(kReals[pick(std::size(kReals))]);
      }
      default:
        if (chance(8)) return Value(chance(2) ? limit_of(type) : -limit_of(type) - 1);
        return Value(kNumbers[pick(std::size(kNumbers))]);
    }
  }

  // Two columns of each type; the even ones NULL now and then.
  data::Batch batch(uint32_t rows) {
    std::vector<data::Field> fields;
    std::vector<ColumnPtr> columns;
    for (size_t at = 0; at < 2 * std::size(kTypes); ++at) {
      const Type& type = kTypes[at / 2];
      fields.push_back({"c" + std::to_string(at), type, at % 2 == 0});
      columns.push_back(column(type, at % 2 == 0, rows));
    }
    data::Batch made(data::make_schema(fields), columns, rows);
    if (chance(3)) return made;
    Buffer selection = Buffer::allocate(rows * sizeof(uint16_t));
    uint32_t count = 0;
    const size_t one_in = 1 + pick(6);
    for (uint32_t row = 0; row < rows; ++row) {
      if (chance(one_in)) selection.mutable_as<uint16_t>()[count++] = static_cast<uint16_t>(row);
    }
    return std::move(made).with_selection(std::move(selection), count);
  }

  ExpressionPtr expression(const Type& type, int depth) {
    if (depth == 0 || chance(6)) return leaf(type);
    if (chance(6)) return choice(type, depth);
    if (chance(8))
      return *expr::make_coalesce({expression(type, depth - 1), expression(type, depth - 1)});
    switch (type.kind()) {
      case TypeKind::kBoolean:
        return condition(depth);
      case TypeKind::kVarchar:
        return text(depth);
      case TypeKind::kDouble:
        return leaf(type);
      default:
        return number(type, depth);
    }
  }

 private:
  ColumnPtr column(const Type& type, bool nullable, uint32_t rows) {
    const auto make = [&] {
      Value made = value(type);
      while (!nullable && made.is_null()) made = value(type);
      return made;
    };
    if (chance(6)) return Column::constant(type, make(), rows);
    if (chance(4)) {
      ColumnBuilder entries(type);
      const uint32_t count = 1 + static_cast<uint32_t>(pick(8));
      while (entries.rows() < count) {
        if (const Value made = value(type); !made.is_null()) entries.append_value(made);
      }
      Buffer indices = Buffer::allocate(rows * sizeof(uint32_t));
      Buffer validity = Buffer::zeroed(data::bitmap_bytes(rows));
      for (uint32_t row = 0; row < rows; ++row) {
        indices.mutable_as<uint32_t>()[row] = static_cast<uint32_t>(pick(count));
        if (!chance(4)) data::set_bit(validity.mutable_as<uint64_t>(), row);
      }
      return Column::dictionary(entries.finish(), std::move(indices),
                                nullable ? std::move(validity) : Buffer(), rows);
    }
    ColumnBuilder builder(type);
    for (uint32_t row = 0; row < rows; ++row) builder.append_value(make());
    return builder.finish();
  }

  ExpressionPtr leaf(const Type& type) {
    if (chance(3)) return expr::make_literal(value(type), type);
    const size_t kind = static_cast<size_t>(std::find(std::begin(kTypes), std::end(kTypes), type) -
                                            std::begin(kTypes));
    const auto index = static_cast<uint32_t>(kind * 2 + pick(2));
    return expr::make_column(index, "c" + std::to_string(index), type, index % 2 == 0);
  }

  ExpressionPtr call(std::string_view name, std::vector<ExpressionPtr> arguments) {
    auto made = registry_.call(name, std::move(arguments));
    EXPECT_TRUE(made) << name << ": " << made.error().to_string();
    return *made;
  }

  ExpressionPtr number(const Type& type, int depth) {
    static constexpr std::string_view kOperators[] = {"+", "-", "*", "/", "%"};
    if (chance(8)) return call("NEGATE", {expression(type, depth - 1)});
    if (chance(4)) {
      const Type from = chance(3) ? Type(TypeKind::kVarchar) : Type(TypeKind::kBigint);
      const auto mode = chance(2) ? expr::CastMode::kTry : expr::CastMode::kCast;
      // Casts from text are compared for INT only, where the reference reads nine digits.
      if (from.is_text() && type.kind() != TypeKind::kInt) return leaf(type);
      const ExpressionPtr operand = from.is_text() ? short_text() : expression(from, depth - 1);
      return *expr::make_cast(operand, type, mode);
    }
    return call(kOperators[pick(5)], {expression(type, depth - 1), expression(type, depth - 1)});
  }

  // Texts of at most nine digits, or none.
  ExpressionPtr short_text() {
    static constexpr const char* kTexts[] = {"7", "x", "", "123456789"};
    return expr::make_literal(Value(kTexts[pick(4)]), TypeKind::kVarchar);
  }

  ExpressionPtr text(int depth) {
    switch (pick(3)) {
      case 0:
        return call("UPPER", {expression(TypeKind::kVarchar, depth - 1)});
      case 1:
        return call("||", {expression(TypeKind::kVarchar, depth - 1),
                           expression(TypeKind::kVarchar, depth - 1)});
      default:
        return *expr::make_cast(expression(TypeKind::kInt, depth - 1), TypeKind::kVarchar);
    }
  }

  ExpressionPtr choice(const Type& type, int depth) {
    std::vector<expr::CaseBranch> branches;
    for (size_t count = 1 + pick(3); count > 0; --count) {
      branches.push_back({expression(TypeKind::kBoolean, depth - 1), expression(type, depth - 1)});
    }
    return *expr::make_case(std::move(branches), chance(3) ? nullptr : expression(type, depth - 1));
  }

  ExpressionPtr condition(int depth) {
    static constexpr std::string_view kComparisons[] = {
        "=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM"};
    const Type& type = kTypes[pick(std::size(kTypes))];
    switch (pick(7)) {
      case 0:
      case 1: {
        std::vector<ExpressionPtr> operands;
        for (size_t count = 2 + pick(3); count > 0; --count) {
          operands.push_back(expression(TypeKind::kBoolean, depth - 1));
        }
        return chance(2) ? *expr::make_and(operands) : *expr::make_or(operands);
      }
      case 2:
        return *expr::make_not(expression(TypeKind::kBoolean, depth - 1));
      case 3:
        return *expr::make_test(chance(2) ? expr::TestKind::kTrue : expr::TestKind::kFalse,
                                expression(TypeKind::kBoolean, depth - 1), chance(2));
      case 4:
        return *expr::make_test(expr::TestKind::kNull, expression(type, depth - 1), chance(2));
      case 5: {
        std::vector<ExpressionPtr> list;
        for (size_t count = 1 + pick(12); count > 0; --count) {
          list.push_back(expr::make_literal(value(type), type));
        }
        return *expr::make_in_list(expression(type, depth - 1), list, chance(2));
      }
      default:
        return call(kComparisons[pick(7)],
                    {expression(type, depth - 1), expression(type, depth - 1)});
    }
  }

  std::mt19937_64 random_;
  expr::FunctionRegistry registry_;
};

std::vector<Row> rows_of_values(const data::Batch& batch) {
  std::vector<Row> rows(batch.rows());
  for (uint32_t row = 0; row < batch.rows(); ++row) {
    for (const ColumnPtr& column : batch.columns()) rows[row].push_back(column->value(row));
  }
  return rows;
}

std::string shown_outcome(const Outcome& outcome, const Type& type) {
  return outcome.failed ? "error" : data::to_string(outcome.value, type);
}

Outcome outcome_at(const expr::Vector& vector, uint32_t row) {
  if (vector.errors != nullptr && vector.errors->find(row) != nullptr) {
    EXPECT_TRUE(vector.column->is_null(row)) << "a failed row is NULL in its column";
    return kFailed;
  }
  return {vector.column->value(row)};
}

void check(const ExpressionPtr& expression, const data::Batch& batch, const std::vector<Row>& rows,
           const expr::Vector& vector) {
  ASSERT_EQ(vector.column->rows(), batch.rows());
  EXPECT_EQ(vector.column->type(), expression->type());
  batch.for_each_row([&](uint32_t row) {
    const Outcome expected = reference(*expression, rows[row]);
    ASSERT_EQ(shown_outcome(outcome_at(vector, row), expression->type()),
              shown_outcome(expected, expression->type()))
        << expr::to_string(expression) << " in row " << row;
    ASSERT_TRUE(expression->nullable() || !expected.is_null()) << expr::to_string(expression);
    ASSERT_TRUE(expr::may_fail(*expression) || !expected.failed) << expr::to_string(expression);
  });
}

class Evaluation : public testing::TestWithParam<uint64_t> {};

TEST_P(Evaluation, AgreesWithOneRowAtATime) {
  Generator generator(GetParam());
  for (int round = 0; round < 60; ++round) {
    const data::Batch batch = generator.batch(1 + static_cast<uint32_t>(generator.pick(200)));
    const std::vector<Row> rows = rows_of_values(batch);
    std::vector<ExpressionPtr> expressions;
    for (int at = 0; at < 5; ++at) {
      expressions.push_back(generator.expression(kTypes[generator.pick(5)], 4));
    }
    expressions.push_back(expressions[0]);  // shares all of the first
    expr::Evaluator evaluator = std::move(*expr::Evaluator::compile(expressions));
    for (int again = 0; again < 2; ++again) {
      const std::vector<expr::Vector> vectors = evaluator.evaluate(batch);
      for (size_t at = 0; at < expressions.size(); ++at) {
        check(expressions[at], batch, rows, vectors[at]);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(Evaluation, IsNotChangedByFoldingConstants) {
  Generator generator(GetParam() + 1000);
  for (int round = 0; round < 60; ++round) {
    const data::Batch batch = generator.batch(20);
    const std::vector<Row> rows = rows_of_values(batch);
    const ExpressionPtr expression = generator.expression(kTypes[generator.pick(5)], 4);
    const ExpressionPtr folded = expr::fold_constants(expression);
    EXPECT_EQ(folded->type(), expression->type());
    expr::Evaluator evaluator = std::move(*expr::Evaluator::compile({folded}));
    check(expression, batch, rows, evaluator.evaluate(batch)[0]);
    if (HasFatalFailure()) return;
  }
}

TEST_P(Evaluation, OfAPredicateKeepsWhatIsTrueAndRejectsWhatFailed) {
  Generator generator(GetParam() + 2000);
  for (int round = 0; round < 60; ++round) {
    const data::Batch batch = generator.batch(1 + static_cast<uint32_t>(generator.pick(200)));
    const std::vector<Row> rows = rows_of_values(batch);
    const ExpressionPtr condition = generator.expression(TypeKind::kBoolean, 4);
    expr::Predicate predicate = std::move(*expr::Predicate::compile(condition));
    const expr::Predicate::Output output = predicate.evaluate(batch);
    std::vector<uint32_t> kept;
    std::vector<uint32_t> failed;
    batch.for_each_row([&](uint32_t row) {
      const Outcome outcome = reference(*condition, rows[row]);
      if (outcome.is(true)) kept.push_back(row);
      if (outcome.failed) failed.push_back(row);
    });
    std::vector<uint32_t> kept_rows;
    output.batch.for_each_row([&](uint32_t row) { kept_rows.push_back(row); });
    std::vector<uint32_t> failed_rows;
    for (const expr::RowError& error : output.errors.list()) failed_rows.push_back(error.row);
    ASSERT_EQ(kept_rows, kept) << expr::to_string(condition);
    ASSERT_EQ(failed_rows, failed) << expr::to_string(condition);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Evaluation, testing::Range<uint64_t>(1, 21));

}  // namespace
}  // namespace millrace::functions
