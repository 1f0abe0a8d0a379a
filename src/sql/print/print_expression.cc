#include "sql/print.h"
#include "sql/print/printer.h"

namespace millrace::sql {
namespace {

using P = Precedence;

struct PrecedenceOf {
  P operator()(const Unary& node) const {
    if (node.op == UnaryOperator::kNot) return P::kNot;
    return node.op == UnaryOperator::kBitNot ? P::kOther : P::kSign;
  }
  P operator()(const Binary& node) const { return binary_operator(node.op).precedence; }
  P operator()(const Logical& node) const { return node.is_and ? P::kAnd : P::kOr; }
  P operator()(const Between&) const { return P::kRange; }
  P operator()(const InList&) const { return P::kRange; }
  P operator()(const InQuery&) const { return P::kRange; }
  P operator()(const Like&) const { return P::kRange; }
  P operator()(const Quantified&) const { return P::kComparison; }
  P operator()(const Is&) const { return P::kIs; }
  P operator()(const IsDistinctFrom&) const { return P::kIs; }
  P operator()(const AtTimeZone&) const { return P::kAtTimeZone; }
  P operator()(const Collate&) const { return P::kCollate; }
  P operator()(const Subscript&) const { return P::kPostfix; }
  P operator()(const FieldAccess&) const { return P::kPostfix; }
  template <class Node>
  P operator()(const Node&) const {
    return P::kPrimary;
  }
};

bool is_number(const Literal& literal) {
  return literal.kind == LiteralKind::kInteger || literal.kind == LiteralKind::kDecimal ||
         literal.kind == LiteralKind::kFloat;
}

// Whether its text ends with the unit of an interval, which a TO behind it would go on.
bool ends_with_unit(const Expression& expression, P least);

struct EndsWithUnit {
  bool operator()(const IntervalLiteral& node) const {
    return node.qualifier && !node.qualifier->to;
  }
  bool operator()(const Unary& node) const {
    return ends_with_unit(*node.operand, node.op == UnaryOperator::kNot      ? P::kNot
                                         : node.op == UnaryOperator::kBitNot ? above(P::kOther)
                                                                             : P::kSign);
  }
  bool operator()(const Binary& node) const {
    return ends_with_unit(*node.right, above(binary_operator(node.op).precedence));
  }
  bool operator()(const Logical& node) const {
    return ends_with_unit(node.operands.back(), above(node.is_and ? P::kAnd : P::kOr));
  }
  bool operator()(const Between& node) const {
    return ends_with_unit(*node.high, above(P::kRange));
  }
  bool operator()(const Like& node) const {
    return ends_with_unit(node.escape ? *node.escape : *node.pattern, above(P::kRange));
  }
  bool operator()(const IsDistinctFrom& node) const {
    return ends_with_unit(*node.right, above(P::kIs));
  }
  bool operator()(const AtTimeZone& node) const {
    return ends_with_unit(*node.zone, above(P::kAtTimeZone));
  }
  template <class Node>
  bool operator()(const Node&) const {
    return false;
  }
};

bool ends_with_unit(const Expression& expression, P least) {
  const bool parentheses = std::visit(PrecedenceOf(), expression.node) < least;
  return !parentheses && std::visit(EndsWithUnit(), expression.node);
}

// Whether `.field` behind it would read as something else.
bool swallows_field(const Expression& operand) {
  if (std::holds_alternative<ColumnRef>(operand.node)) return true;
  const auto* literal = std::get_if<Literal>(&operand.node);
  return literal != nullptr && is_number(*literal);
}

std::string_view like_word(LikeKind kind) {
  switch (kind) {
    case LikeKind::kLike:
      return "LIKE ";
    case LikeKind::kILike:
      return "ILIKE ";
    case LikeKind::kSimilar:
      break;
  }
  return "SIMILAR TO ";
}

std::string_view is_words(IsKind kind) {
  switch (kind) {
    case IsKind::kNull:
      return "NULL";
    case IsKind::kTrue:
      return "TRUE";
    case IsKind::kFalse:
      return "FALSE";
    case IsKind::kUnknown:
      return "UNKNOWN";
    case IsKind::kJson:
      return "JSON";
    case IsKind::kJsonObject:
      return "JSON OBJECT";
    case IsKind::kJsonArray:
      return "JSON ARRAY";
    case IsKind::kJsonScalar:
      break;
  }
  return "JSON SCALAR";
}

}  // namespace

std::string print(const Expression& expression) {
  Printer printer;
  printer.print(expression);
  return printer.text();
}

std::string print(const TypeName& type) {
  Printer printer;
  printer.print(type);
  return printer.text();
}

std::string print(const QualifiedName& name) {
  Printer printer;
  printer.print(name);
  return printer.text();
}

void Printer::print(const Expression& expression, Precedence least) {
  const bool parentheses = std::visit(PrecedenceOf(), expression.node) < least;
  if (parentheses) *this << "(";
  any(expression.node);
  if (parentheses) *this << ")";
}

void Printer::print(const Literal& literal) {
  switch (literal.kind) {
    case LiteralKind::kNull:
      *this << "NULL";
      return;
    case LiteralKind::kTrue:
      *this << "TRUE";
      return;
    case LiteralKind::kFalse:
      *this << "FALSE";
      return;
    case LiteralKind::kString:
      string(literal.text);
      return;
    case LiteralKind::kBytes:
      *this << "X'" << literal.text << "'";
      return;
    case LiteralKind::kInteger:
    case LiteralKind::kDecimal:
    case LiteralKind::kFloat:
      *this << literal.text;
      return;
  }
}

void Printer::print(const TypedLiteral& literal) {
  const auto* named = std::get_if<NamedType>(&literal.type.node);
  if (named != nullptr && named->name.parts.size() == 1) {
    // Any word before a string is a type; one with quotes would be a name.
    *this << named->name.parts[0].text;
    for (const uint32_t parameter : named->parameters) {
      *this << "(" << std::to_string(parameter) << ")";
    }
  } else {
    print(literal.type);
  }
  *this << " ";
  string(literal.text);
}

void Printer::print(const IntervalLiteral& literal) {
  *this << "INTERVAL " << (literal.negative ? "-" : "");
  string(literal.text);
  if (literal.qualifier) *this << " " << *literal.qualifier;
}

void Printer::print(const Unary& node) {
  switch (node.op) {
    case UnaryOperator::kNot:
      *this << "NOT ";
      print(*node.operand, P::kNot);
      return;
    case UnaryOperator::kBitNot: {
      const auto* inner = std::get_if<Unary>(&node.operand->node);
      const bool again = inner != nullptr && inner->op == UnaryOperator::kBitNot;
      *this << "~ ";
      print(*node.operand, again ? P::kOther : above(P::kOther));
      return;
    }
    case UnaryOperator::kPlus:
    case UnaryOperator::kMinus:
      break;
  }
  *this << (node.op == UnaryOperator::kPlus ? "+" : "-");
  const size_t behind_sign = out_.size();
  print(*node.operand, P::kSign);
  if (out_[behind_sign] == '-' || out_[behind_sign] == '+') out_.insert(behind_sign, 1, ' ');
}

void Printer::print(const Binary& node) {
  const BinaryOperatorRow& row = binary_operator(node.op);
  print(*node.left, row.precedence);
  *this << " " << row.symbol << " ";
  print(*node.right, above(row.precedence));
}

void Printer::print(const Logical& node) {
  const P least = above(node.is_and ? P::kAnd : P::kOr);
  for (size_t i = 0; i < node.operands.size(); ++i) {
    if (i > 0) *this << (node.is_and ? " AND " : " OR ");
    print(node.operands[i], least);
  }
}

void Printer::print(const Between& node) {
  print(*node.operand, P::kRange);
  *this << (node.negated ? " NOT BETWEEN " : " BETWEEN ") << (node.symmetric ? "SYMMETRIC " : "");
  print(*node.low, above(P::kRange));
  *this << " AND ";
  print(*node.high, above(P::kRange));
}

void Printer::print(const InList& node) {
  print(*node.operand, P::kRange);
  *this << (node.negated ? " NOT IN (" : " IN (");
  list(node.list);
  *this << ")";
}

void Printer::print(const InQuery& node) {
  print(*node.operand, P::kRange);
  *this << (node.negated ? " NOT IN " : " IN ");
  in_parentheses(*node.query);
}

void Printer::print(const Quantified& node) {
  print(*node.operand, P::kComparison);
  *this << " " << binary_operator(node.op).symbol << (node.all ? " ALL " : " ANY ");
  if (node.query) {
    in_parentheses(*node.query);
  } else {
    *this << "(" << *node.array << ")";
  }
}

void Printer::print(const Exists& node) {
  *this << "EXISTS ";
  in_parentheses(*node.query);
}

void Printer::print(const ScalarSubquery& node) {
  in_parentheses(*node.query);
}

void Printer::print(const ArraySubquery& node) {
  *this << "ARRAY";
  in_parentheses(*node.query);
}

void Printer::print(const Case& node) {
  *this << "CASE ";
  if (node.operand) *this << *node.operand << " ";
  for (const CaseBranch& branch : node.branches) {
    *this << "WHEN " << branch.when << " THEN " << branch.then << " ";
  }
  if (node.otherwise) *this << "ELSE " << *node.otherwise << " ";
  *this << "END";
}

void Printer::print(const Cast& node) {
  *this << (node.or_null ? "TRY_CAST(" : "CAST(") << *node.operand << " AS " << node.type << ")";
}

void Printer::print(const Is& node) {
  print(*node.operand, P::kIs);
  *this << (node.negated ? " IS NOT " : " IS ") << is_words(node.kind);
}

void Printer::print(const IsDistinctFrom& node) {
  print(*node.left, P::kIs);
  *this << (node.negated ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ");
  print(*node.right, above(P::kIs));
}

void Printer::print(const Like& node) {
  print(*node.operand, P::kRange);
  *this << (node.negated ? " NOT " : " ") << like_word(node.kind);
  print(*node.pattern, above(P::kRange));
  if (!node.escape) return;
  *this << " ESCAPE ";
  print(*node.escape, above(P::kRange));
}

void Printer::print(const ArrayConstructor& node) {
  *this << "ARRAY[";
  list(node.elements);
  *this << "]";
}

void Printer::print(const MapConstructor& node) {
  *this << "MAP[";
  list(node.entries);
  *this << "]";
}

void Printer::print(const RowConstructor& node) {
  *this << "ROW(";
  list(node.elements);
  *this << ")";
}

void Printer::print(const Subscript& node) {
  print(*node.operand, P::kPostfix);
  *this << "[" << *node.index << "]";
}

void Printer::print(const FieldAccess& node) {
  const bool parentheses = swallows_field(*node.operand);
  if (parentheses) *this << "(";
  print(*node.operand, P::kPostfix);
  *this << (parentheses ? ")." : ".") << node.field;
}

void Printer::print(const Extract& node) {
  *this << "EXTRACT(" << node.field << " FROM " << *node.operand << ")";
}

void Printer::print(const RoundToUnit& node) {
  // In INTERVAL '1' DAY TO HOUR the words belong to the interval.
  const bool parentheses = ends_with_unit(*node.operand, P::kLowest);
  *this << (node.up ? "CEIL(" : "FLOOR(") << (parentheses ? "(" : "") << *node.operand
        << (parentheses ? ")" : "") << " TO " << to_string(node.unit) << ")";
}

void Printer::print(const AtTimeZone& node) {
  print(*node.operand, P::kAtTimeZone);
  *this << " AT TIME ZONE ";
  print(*node.zone, above(P::kAtTimeZone));
}

void Printer::print(const Collate& node) {
  print(*node.operand, P::kCollate);
  *this << " COLLATE " << node.collation;
}

void Printer::print(const MatchSemantics& node) {
  *this << (node.final ? "FINAL " : "RUNNING ") << *node.operand;
}

}  // namespace millrace::sql
