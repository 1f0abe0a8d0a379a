#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sql/ast/box.h"
#include "sql/ast/choice.h"
#include "sql/ast/function_call.h"
#include "sql/ast/literal.h"
#include "sql/ast/name.h"
#include "sql/ast/span.h"
#include "sql/ast/type_name.h"

namespace millrace::sql {

struct Expression;
struct Query;

// `a`, `t.a`, `db.s.t.a`, `t.row_column.field`: which part is what, the binder finds out.
struct ColumnRef {
  QualifiedName name;
  friend bool operator==(const ColumnRef&, const ColumnRef&) = default;
};

enum class UnaryOperator : uint8_t { kPlus, kMinus, kNot, kBitNot };

struct Unary {
  UnaryOperator op = UnaryOperator::kPlus;
  Box<Expression> operand;
  friend bool operator==(const Unary&, const Unary&) = default;
};

enum class BinaryOperator : uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kPower,
  kConcat,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kBitAnd,
  kBitOr,
  kBitXor,
  kShiftLeft,
  kShiftRight,  // & | # << >>
  kJsonGet,
  kJsonGetText,
  kJsonPath,
  kJsonPathText,  // -> ->> #> #>>
  kContains,
  kContainedBy,
  kHasKey,
  kHasAnyKey,
  kHasAllKeys,  // @> <@ ? ?| ?&
  kMatch,
  kMatchNoCase,
  kNotMatch,
  kNotMatchNoCase,  // ~ ~* !~ !~*
  kOverlaps,        // (a, b) OVERLAPS (c, d)
};

struct Binary {
  BinaryOperator op = BinaryOperator::kAdd;
  Box<Expression> left;
  Box<Expression> right;
  friend bool operator==(const Binary&, const Binary&) = default;
};

// a AND b AND c: one node with two or more operands, so that a chain of thousands is not deep.
struct Logical {
  bool is_and = true;  // otherwise OR
  std::vector<Expression> operands;
  friend bool operator==(const Logical&, const Logical&) = default;
};

struct Between {
  Box<Expression> operand;
  Box<Expression> low;
  Box<Expression> high;
  bool negated = false;
  bool symmetric = false;
  friend bool operator==(const Between&, const Between&) = default;
};

struct InList {
  Box<Expression> operand;
  std::vector<Expression> list;
  bool negated = false;
  friend bool operator==(const InList&, const InList&) = default;
};

struct InQuery {
  Box<Expression> operand;
  Box<Query> query;
  bool negated = false;
  friend bool operator==(const InQuery&, const InQuery&) = default;
};

// a = ANY (SELECT …), a <> ALL (array): `query` or `array` is set. SOME is ANY.
struct Quantified {
  Box<Expression> operand;
  BinaryOperator op = BinaryOperator::kEqual;
  bool all = false;
  Box<Query> query;
  Box<Expression> array;
  friend bool operator==(const Quantified&, const Quantified&) = default;
};

struct Exists {
  Box<Query> query;
  friend bool operator==(const Exists&, const Exists&) = default;
};

struct ScalarSubquery {
  Box<Query> query;
  friend bool operator==(const ScalarSubquery&, const ScalarSubquery&) = default;
};

// ARRAY(SELECT …).
struct ArraySubquery {
  Box<Query> query;
  friend bool operator==(const ArraySubquery&, const ArraySubquery&) = default;
};

struct CaseBranch;

// CASE [operand] WHEN … THEN … [ELSE …] END.
struct Case {
  Box<Expression> operand;
  std::vector<CaseBranch> branches;
  Box<Expression> otherwise;
  friend bool operator==(const Case&, const Case&) = default;
};

// CAST(x AS t), x::t; TRY_CAST(x AS t) gives NULL where it fails.
struct Cast {
  Box<Expression> operand;
  TypeName type;
  bool or_null = false;
  friend bool operator==(const Cast&, const Cast&) = default;
};

enum class IsKind : uint8_t {
  kNull,
  kTrue,
  kFalse,
  kUnknown,
  kJson,
  kJsonObject,
  kJsonArray,
  kJsonScalar,
};

// x IS [NOT] NULL | TRUE | FALSE | UNKNOWN | JSON [VALUE|OBJECT|ARRAY|SCALAR]; ISNULL, NOTNULL.
struct Is {
  Box<Expression> operand;
  IsKind kind = IsKind::kNull;
  bool negated = false;
  friend bool operator==(const Is&, const Is&) = default;
};

// x IS [NOT] DISTINCT FROM y.
struct IsDistinctFrom {
  Box<Expression> left;
  Box<Expression> right;
  bool negated = false;
  friend bool operator==(const IsDistinctFrom&, const IsDistinctFrom&) = default;
};

enum class LikeKind : uint8_t { kLike, kILike, kSimilar };

struct Like {
  LikeKind kind = LikeKind::kLike;
  Box<Expression> operand;
  Box<Expression> pattern;
  Box<Expression> escape;
  bool negated = false;
  friend bool operator==(const Like&, const Like&) = default;
};

// ARRAY[a, b]; inside one, [a, b] alone is one too.
struct ArrayConstructor {
  std::vector<Expression> elements;
  friend bool operator==(const ArrayConstructor&, const ArrayConstructor&) = default;
};

// MAP['k', v, 'l', w]: keys and values in turn, an even number.
struct MapConstructor {
  std::vector<Expression> entries;
  friend bool operator==(const MapConstructor&, const MapConstructor&) = default;
};

// ROW(a, b), (a, b).
struct RowConstructor {
  std::vector<Expression> elements;
  friend bool operator==(const RowConstructor&, const RowConstructor&) = default;
};

// a[1], m['k'].
struct Subscript {
  Box<Expression> operand;
  Box<Expression> index;
  friend bool operator==(const Subscript&, const Subscript&) = default;
};

// (x).field, a[1].field, f(x).field; a path of plain names is a ColumnRef.
struct FieldAccess {
  Box<Expression> operand;
  Identifier field;
  friend bool operator==(const FieldAccess&, const FieldAccess&) = default;
};

// EXTRACT(DAY FROM x). `field` as written: a time unit, or DOW, DOY, EPOCH, ISOYEAR, ….
struct Extract {
  Identifier field;
  Box<Expression> operand;
  friend bool operator==(const Extract&, const Extract&) = default;
};

// FLOOR(x TO HOUR), CEIL(x TO HOUR).
struct RoundToUnit {
  bool up = false;
  Box<Expression> operand;
  TimeUnit unit = TimeUnit::kDay;
  friend bool operator==(const RoundToUnit&, const RoundToUnit&) = default;
};

struct AtTimeZone {
  Box<Expression> operand;
  Box<Expression> zone;
  friend bool operator==(const AtTimeZone&, const AtTimeZone&) = default;
};

struct Collate {
  Box<Expression> operand;
  QualifiedName collation;
  friend bool operator==(const Collate&, const Collate&) = default;
};

// RUNNING LAST(a.x), FINAL LAST(a.x): only in MEASURES and DEFINE.
struct MatchSemantics {
  bool final = false;  // otherwise RUNNING
  Box<Expression> operand;
  friend bool operator==(const MatchSemantics&, const MatchSemantics&) = default;
};

using ExpressionNode =
    Choice<Literal, TypedLiteral, IntervalLiteral, ColumnRef, Unary, Binary, Logical, Between,
           InList, InQuery, Quantified, Exists, ScalarSubquery, ArraySubquery, Case, Cast, Call,
           JsonCall, Is, IsDistinctFrom, Like, ArrayConstructor, MapConstructor, RowConstructor,
           Subscript, FieldAccess, Extract, RoundToUnit, AtTimeZone, Collate, MatchSemantics>;

// One expression with the text it was read from. SUBSTRING(a FROM b FOR c), OVERLAY(a PLACING b
// FROM c FOR d), POSITION(a IN b) are plain calls with their arguments in that order; TRIM(BOTH c
// FROM s) is TRIM(s, c), with LEADING and TRAILING LTRIM and RTRIM; CURRENT_TIMESTAMP is a call
// without parentheses.
struct Expression {
  ExpressionNode node;
  Span span;
  friend bool operator==(const Expression&, const Expression&) = default;
};

struct CaseBranch {
  Expression when;
  Expression then;
  friend bool operator==(const CaseBranch&, const CaseBranch&) = default;
};

// One argument of a Call: `x`, or `name => x`.
struct Argument {
  std::optional<Identifier> name;
  Expression value;
  friend bool operator==(const Argument&, const Argument&) = default;
};

enum class NullsOrder : uint8_t { kDefault, kFirst, kLast };

// One key of ORDER BY.
struct OrderItem {
  Expression expression;
  bool descending = false;
  NullsOrder nulls = NullsOrder::kDefault;
  friend bool operator==(const OrderItem&, const OrderItem&) = default;
};

}  // namespace millrace::sql
