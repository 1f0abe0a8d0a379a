#include <algorithm>
#include <array>

#include "sql/print.h"
#include "sql/print/printer.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

bool is_one_of(std::string_view name, std::span<const std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return same_word(name, word); });
}

// Keywords that before a parenthesis are the function of their name.
constexpr auto kCallable = std::to_array<std::string_view>(
    {"LEFT", "RIGHT", "TUMBLE", "HOP", "CUMULATE", "SESSION", "UNNEST", "MAP", "INTERVAL",
     "CURRENT_CATALOG", "CURRENT_DATE", "CURRENT_ROLE", "CURRENT_SCHEMA", "CURRENT_TIME",
     "CURRENT_TIMESTAMP", "CURRENT_USER", "LOCALTIME", "LOCALTIMESTAMP", "SESSION_USER"});
// Functions whose arguments are read with words between them; only plain arguments may stand there.
constexpr auto kWithWords = std::to_array<std::string_view>(
    {"TRIM", "SUBSTRING", "OVERLAY", "POSITION", "FLOOR", "CEIL", "CEILING", "JSON_VALUE",
     "JSON_QUERY", "JSON_EXISTS", "JSON_ARRAY", "JSON_ARRAYAGG"});
constexpr auto kQuotedCalls = std::to_array<std::string_view>({"JSON_OBJECT", "JSON_OBJECTAGG"});

bool has_plain_arguments(const Call& call) {
  const bool any_named = std::ranges::any_of(
      call.arguments, [](const Argument& argument) { return argument.name.has_value(); });
  return !call.star && !call.distinct && call.order_by.empty() && !any_named;
}

// FILTER, OVER and their kin, which only JSON's functions of those below can have.
bool has_tail(const Call& call) {
  return call.filter || call.over || !call.within_group.empty() ||
         call.nulls != NullTreatment::kDefault;
}

// Whether the function's name, without quotes, would be read as something else here.
bool needs_quoted_name(const Call& call) {
  const std::string& name = call.name.parts[0].text;
  if (is_one_of(name, kQuotedCalls)) return !call.arguments.empty();
  if (is_one_of(name, kCallable)) return false;
  if (!is_one_of(name, kWithWords)) return print_name(name) != name;
  if (call.arguments.empty() && !call.star) return false;
  if (!has_plain_arguments(call)) return true;
  if (same_word(name.substr(0, 5), "JSON_")) return false;
  return has_tail(call) || (same_word(name, "POSITION") && call.arguments.size() != 2);
}

std::string_view json_function_word(JsonFunction function) {
  constexpr auto kWords =
      std::to_array<std::string_view>({"JSON_VALUE", "JSON_QUERY", "JSON_EXISTS", "JSON_OBJECT",
                                       "JSON_ARRAY", "JSON_OBJECTAGG", "JSON_ARRAYAGG"});
  return kWords[static_cast<size_t>(function)];
}

std::string_view fallback_words(JsonFallback fallback) {
  constexpr auto kWords = std::to_array<std::string_view>(
      {"", "NULL", "ERROR", "EMPTY ARRAY", "EMPTY OBJECT", "TRUE", "FALSE", "UNKNOWN", "DEFAULT "});
  return kWords[static_cast<size_t>(fallback)];
}

std::string_view wrapper_words(JsonWrapper wrapper) {
  constexpr auto kWords = std::to_array<std::string_view>(
      {"", " WITHOUT WRAPPER", " WITH CONDITIONAL WRAPPER", " WITH UNCONDITIONAL WRAPPER"});
  return kWords[static_cast<size_t>(wrapper)];
}

std::string_view null_words(JsonNulls nulls) {
  constexpr auto kWords = std::to_array<std::string_view>({"", " NULL ON NULL", " ABSENT ON NULL"});
  return kWords[static_cast<size_t>(nulls)];
}

bool is_string(const Expression& expression) {
  const auto* literal = std::get_if<Literal>(&expression.node);
  return literal != nullptr && literal->kind == LiteralKind::kString;
}

}  // namespace

void Printer::print(const Call& call) {
  const std::string& first = call.name.parts[0].text;
  if (call.name.parts.size() > 1) {
    print(call.name);
  } else if (call.bare || !needs_quoted_name(call)) {
    // A name that is no word has no other form than the quoted one.
    *this << (find_keyword(first) != nullptr ? first : print_name(first));
  } else {
    *this << (find_keyword(first) != nullptr ? "\"" + first + "\"" : print_name(first));
  }
  if (call.bare) return;
  *this << "(" << (call.distinct ? "DISTINCT " : "") << (call.star ? "*" : "");
  const bool position = has_plain_arguments(call) && call.arguments.size() == 2 &&
                        call.name.parts.size() == 1 && same_word(first, "POSITION");
  if (position) {
    print(call.arguments[0].value, above(Precedence::kRange));
    *this << ", " << call.arguments[1];
  } else {
    list(call.arguments);
  }
  if (!call.order_by.empty()) {
    *this << " ORDER BY ";
    list(call.order_by);
  }
  *this << ")";
  if (!call.within_group.empty()) {
    *this << " WITHIN GROUP (ORDER BY ";
    list(call.within_group);
    *this << ")";
  }
  if (call.filter) *this << " FILTER (WHERE " << *call.filter << ")";
  if (call.nulls == NullTreatment::kIgnoreNulls) *this << " IGNORE NULLS";
  if (call.nulls == NullTreatment::kRespectNulls) *this << " RESPECT NULLS";
  if (call.over) *this << " OVER " << *call.over;
}

void Printer::print(const JsonCall& call) {
  *this << json_function_word(call.function) << "(";
  const bool entries =
      call.function == JsonFunction::kObject || call.function == JsonFunction::kObjectAggregate;
  if (!entries) list(call.arguments);
  for (size_t i = 0; entries && i + 1 < call.arguments.size(); i += 2) {
    const bool plain = is_string(call.arguments[i]);
    *this << (i == 0 ? "KEY " : ", KEY ") << (plain ? "" : "(") << call.arguments[i]
          << (plain ? "" : ")") << " VALUE " << call.arguments[i + 1];
  }
  if (call.returning) *this << " RETURNING " << *call.returning;
  *this << wrapper_words(call.wrapper);
  const auto fallback = [this](JsonFallback kind, const Box<Expression>& value,
                               std::string_view where) {
    if (kind == JsonFallback::kDefault) return;
    *this << " " << fallback_words(kind);
    if (value) *this << *value;
    *this << where;
  };
  fallback(call.on_empty, call.on_empty_value, " ON EMPTY");
  fallback(call.on_error, call.on_error_value, " ON ERROR");
  *this << null_words(call.on_null) << ")";
}

void Printer::print(const Argument& argument) {
  if (argument.name) *this << *argument.name << " => ";
  print(argument.value);
}

void Printer::print(const OrderItem& item) {
  *this << item.expression << (item.descending ? " DESC" : "");
  if (item.nulls == NullsOrder::kFirst) *this << " NULLS FIRST";
  if (item.nulls == NullsOrder::kLast) *this << " NULLS LAST";
}

void Printer::print(const Over& over) {
  any(over.window);
}

void Printer::partition_and_order(const std::vector<Expression>& partition_by,
                                  const std::vector<OrderItem>& order_by) {
  const auto space = [this] {
    if (out_.back() != '(') *this << " ";
  };
  if (!partition_by.empty()) {
    space();
    *this << "PARTITION BY ";
    list(partition_by);
  }
  if (!order_by.empty()) {
    space();
    *this << "ORDER BY ";
    list(order_by);
  }
}

void Printer::print(const WindowSpec& spec) {
  *this << "(";
  if (spec.base) *this << *spec.base;
  partition_and_order(spec.partition_by, spec.order_by);
  if (spec.frame) *this << (out_.back() == '(' ? "" : " ") << *spec.frame;
  *this << ")";
}

void Printer::print(const Frame& frame) {
  constexpr auto kUnits = std::to_array<std::string_view>({"ROWS", "RANGE", "GROUPS"});
  constexpr auto kExclusions = std::to_array<std::string_view>(
      {"", " EXCLUDE CURRENT ROW", " EXCLUDE GROUP", " EXCLUDE TIES"});
  *this << kUnits[static_cast<size_t>(frame.unit)] << " BETWEEN " << frame.start << " AND "
        << frame.end << kExclusions[static_cast<size_t>(frame.exclusion)];
}

void Printer::print(const FrameBound& bound) {
  switch (bound.kind) {
    case FrameBoundKind::kUnboundedPreceding:
      *this << "UNBOUNDED PRECEDING";
      return;
    case FrameBoundKind::kUnboundedFollowing:
      *this << "UNBOUNDED FOLLOWING";
      return;
    case FrameBoundKind::kCurrentRow:
      *this << "CURRENT ROW";
      return;
    case FrameBoundKind::kPreceding:
    case FrameBoundKind::kFollowing:
      break;
  }
  *this << *bound.distance
        << (bound.kind == FrameBoundKind::kPreceding ? " PRECEDING" : " FOLLOWING");
}

}  // namespace millrace::sql
