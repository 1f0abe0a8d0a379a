#include "sql/text/operator_table.h"

#include <algorithm>
#include <array>

#include "base/assert.h"

namespace millrace::sql {
namespace {

using enum BinaryOperator;
using P = Precedence;

constexpr auto kRows = std::to_array<BinaryOperatorRow>({
    {kAdd, "+", P::kSum},
    {kSubtract, "-", P::kSum},
    {kMultiply, "*", P::kProduct},
    {kDivide, "/", P::kProduct},
    {kModulo, "%", P::kProduct},
    {kPower, "^", P::kPower},
    {kConcat, "||", P::kOther},
    {kEqual, "=", P::kComparison},
    {kNotEqual, "<>", P::kComparison},
    {kLess, "<", P::kComparison},
    {kLessEqual, "<=", P::kComparison},
    {kGreater, ">", P::kComparison},
    {kGreaterEqual, ">=", P::kComparison},
    {kBitAnd, "&", P::kOther},
    {kBitOr, "|", P::kOther},
    {kBitXor, "#", P::kOther},
    {kShiftLeft, "<<", P::kOther},
    {kShiftRight, ">>", P::kOther},
    {kJsonGet, "->", P::kOther},
    {kJsonGetText, "->>", P::kOther},
    {kJsonPath, "#>", P::kOther},
    {kJsonPathText, "#>>", P::kOther},
    {kContains, "@>", P::kOther},
    {kContainedBy, "<@", P::kOther},
    {kHasKey, "?", P::kOther},
    {kHasAnyKey, "?|", P::kOther},
    {kHasAllKeys, "?&", P::kOther},
    {kMatch, "~", P::kOther},
    {kMatchNoCase, "~*", P::kOther},
    {kNotMatch, "!~", P::kOther},
    {kNotMatchNoCase, "!~*", P::kOther},
    {kOverlaps, "OVERLAPS", P::kComparison},
});

}  // namespace

std::span<const BinaryOperatorRow> binary_operators() {
  return kRows;
}

const BinaryOperatorRow& binary_operator(BinaryOperator op) {
  const BinaryOperatorRow& row = kRows[static_cast<size_t>(op)];
  MILLRACE_ASSERT(row.op == op);
  return row;
}

const BinaryOperatorRow* find_binary_operator(std::string_view symbol) {
  if (symbol == "!=") symbol = "<>";
  const auto* found = std::ranges::find(kRows, symbol, &BinaryOperatorRow::symbol);
  return found == kRows.end() ? nullptr : found;
}

bool is_comparison(BinaryOperator op) {
  return op >= kEqual && op <= kGreaterEqual;
}

}  // namespace millrace::sql
