#include <gtest/gtest.h>

#include "data/builder.h"
#include "expr/build.h"
#include "expr/evaluator.h"
#include "functions/builtin.h"
#include "functions/example_run_test.h"

namespace millrace::functions {
namespace {

using data::ColumnBuilder;
using data::ColumnPtr;
using data::Type;
using data::Value;
using expr::ExpressionPtr;
using expr::FunctionDoc;

expr::Dialect dialect_of(const FunctionDoc& doc) {
  return doc.name.starts_with("flink:") ? expr::Dialect::kFlink : expr::Dialect::kDefault;
}

bool is_aggregate(const FunctionDoc& doc) {
  return doc.family == "aggregate";
}

TEST(Examples, OfScalarFunctionsAreTrue) {
  size_t count = 0;
  for (const FunctionDoc* doc : builtin_registry().documentation()) {
    if (is_aggregate(*doc)) continue;
    ++count;
    auto parsed = ExampleParser(builtin_registry(), doc->example, dialect_of(*doc)).parse();
    ASSERT_TRUE(parsed) << doc->example << ": " << parsed.error().to_string();
    const auto value = expr::evaluate_constant(*parsed);
    ASSERT_TRUE(value) << doc->example << ": " << value.error().to_string();
    EXPECT_EQ(data::to_string(*value, (*parsed)->type()), doc->result) << doc->example;
  }
  EXPECT_GE(count, 100u);
}

TEST(Examples, OfAggregatesAreTrue) {
  for (const FunctionDoc* doc : builtin_registry().documentation()) {
    if (!is_aggregate(*doc)) continue;
    auto values = ExampleParser(builtin_registry(), doc->example).parse_values();
    ASSERT_TRUE(values) << doc->example << ": " << values.error().to_string();
    const std::vector<ExpressionPtr> arguments{(*values)[0]};
    const std::string_view name = doc->name.substr(doc->name.find(':') + 1);
    const auto bound = builtin_registry().aggregate(name, arguments, dialect_of(*doc));
    ASSERT_TRUE(bound) << bound.error().to_string();
    ColumnBuilder builder((*bound)->arguments[0]);
    for (const ExpressionPtr& value : *values) {
      const ExpressionPtr converted = *expr::convert(value, (*bound)->arguments[0]);
      builder.append_value(converted->as<expr::Literal>()->value);
    }
    const ColumnPtr column = builder.finish();
    alignas(16) std::byte state[64] = {};
    ASSERT_LE((*bound)->traits.bytes, sizeof(state));
    std::vector<std::byte*> entries(column->rows(), state);
    (*bound)->aggregate->update(
        {entries.data(), 0}, {.arguments = {&column, 1}, .rows = expr::Rows::all(column->rows())});
    ColumnBuilder result((*bound)->result);
    expr::RowErrors errors;
    (*bound)->aggregate->emit({entries.data(), 0}, 1, result, errors);
    EXPECT_TRUE(errors.empty());
    EXPECT_EQ(data::to_string(result.finish()->value(0), (*bound)->result), doc->result)
        << doc->example;
  }
}

// The arguments of a call as columns of four rows: rows 0 and 3 hold the values of the example, row
// 1 NULLs, row 2 is not asked for.
struct Rewritten {
  std::vector<ExpressionPtr> arguments;
  data::Batch batch;
};

Rewritten as_columns(const expr::Call& call, uint32_t keep_constant) {
  Rewritten made;
  std::vector<data::Field> fields;
  std::vector<ColumnPtr> columns;
  for (size_t at = 0; at < call.arguments.size(); ++at) {
    const ExpressionPtr& argument = call.arguments[at];
    const auto value = expr::evaluate_constant(argument);
    if ((keep_constant >> at & 1) != 0 || !value) {
      made.arguments.push_back(argument);
      continue;
    }
    ColumnBuilder builder(argument->type());
    for (int row = 0; row < 4; ++row) builder.append_value(row % 3 == 0 ? *value : Value());
    const std::string name = "c" + std::to_string(columns.size());
    made.arguments.push_back(
        expr::make_column(static_cast<uint32_t>(columns.size()), name, argument->type()));
    fields.push_back({name, argument->type(), true});
    columns.push_back(builder.finish());
  }
  made.batch = data::Batch(data::make_schema(fields), columns, 4);
  Buffer selection = Buffer::allocate(3 * sizeof(uint16_t));
  for (uint16_t n = 0; n < 3; ++n) selection.mutable_as<uint16_t>()[n] = n == 2 ? 3 : n;
  made.batch = std::move(made.batch).with_selection(std::move(selection), 3);
  return made;
}

void check_columns(const FunctionDoc& doc, const expr::Call& call, uint32_t keep_constant) {
  const Type result = call.function->result;
  Rewritten rewritten = as_columns(call, keep_constant);
  if (rewritten.batch.columns().empty()) return;
  auto again = builtin_registry().call(doc.name, rewritten.arguments);
  if (!again || (*again)->as<expr::Call>() == nullptr) return;
  if (!((*again)->type() == result)) return;  // literals gave it another scale
  auto evaluator = expr::Evaluator::compile({*again});
  if (!evaluator) return;  // an argument that must be constant
  const expr::Vector vector = evaluator->evaluate(rewritten.batch)[0];
  const data::ColumnPtr flat = data::flatten(vector.column);
  const Type& type = (*again)->type();
  for (const uint32_t row : {0u, 3u}) {
    EXPECT_EQ(data::to_string(flat->value(row), type), doc.result)
        << doc.example << " as columns, row " << row << ", constants " << keep_constant;
  }
  const auto& properties = (*again)->as<expr::Call>()->function->properties;
  EXPECT_TRUE(!properties.strict || flat->is_null(1)) << doc.example;
  for (const uint32_t row : {0u, 3u}) {
    EXPECT_TRUE(vector.errors == nullptr || vector.errors->find(row) == nullptr) << doc.example;
  }
}

TEST(Examples, HoldForColumnsAndConstantsInAnyMixture) {
  for (const FunctionDoc* doc : builtin_registry().documentation()) {
    if (is_aggregate(*doc) || doc->name.starts_with("flink:")) continue;
    const auto parsed = *ExampleParser(builtin_registry(), doc->example).parse();
    const auto* call = parsed->as<expr::Call>();
    if (call == nullptr || call->function->name != doc->name) continue;
    const uint32_t mixtures = 1u << std::min<size_t>(call->arguments.size(), 4);
    for (uint32_t keep = 0; keep < mixtures; ++keep) check_columns(*doc, *call, keep);
  }
}

TEST(Examples, EveryFunctionIsDocumentedInFull) {
  for (const FunctionDoc* doc : builtin_registry().documentation()) {
    EXPECT_FALSE(doc->family.empty()) << doc->name;
    EXPECT_NE(doc->signature.find("->"), std::string_view::npos) << doc->name;
    EXPECT_TRUE(doc->sentence.ends_with('.')) << doc->name;
    EXPECT_FALSE(doc->example.empty()) << doc->name;
  }
}

}  // namespace
}  // namespace millrace::functions
