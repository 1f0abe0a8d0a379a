#include <fmt/core.h>

#include <array>

#include "sql/parse/grammar.h"
#include "sql/text/keyword.h"

namespace millrace::sql {
namespace {

Result<void> expect_close(TokenCursor& tokens, std::string_view bracket) {
  if (bracket == ">" && tokens.at(">>")) {
    tokens.split_symbol();
    return {};
  }
  return tokens.expect(bracket, "after the type");
}

// A type inside another one: INT NOT NULL.
Result<TypeName> parse_inner(TokenCursor& tokens) {
  TypeName type = MILLRACE_TRY(parse_type_name(tokens));
  type.not_null = tokens.accept_words("NOT", "NULL");
  if (!type.not_null) tokens.accept("NULL");
  return type;
}

Result<Box<TypeName>> parse_boxed(TokenCursor& tokens) {
  return Box<TypeName>(MILLRACE_TRY(parse_inner(tokens)));
}

// <t>, behind ARRAY or MULTISET
Result<Box<TypeName>> parse_element(TokenCursor& tokens) {
  MILLRACE_TRY(tokens.expect("<"));
  Box<TypeName> element = MILLRACE_TRY(parse_boxed(tokens));
  MILLRACE_TRY(expect_close(tokens, ">"));
  return element;
}

Result<MapType> parse_map(TokenCursor& tokens) {
  MapType map;
  MILLRACE_TRY(tokens.expect("<"));
  map.key = MILLRACE_TRY(parse_boxed(tokens));
  MILLRACE_TRY(tokens.expect(",", "after the type of the keys"));
  map.value = MILLRACE_TRY(parse_boxed(tokens));
  MILLRACE_TRY(expect_close(tokens, ">"));
  return map;
}

Result<RowType> parse_row(TokenCursor& tokens) {
  RowType row;
  std::string_view close = ">";
  if (tokens.accept("(")) {
    close = ")";
  } else {
    MILLRACE_TRY(tokens.expect("<"));
  }
  if (tokens.accept(close)) return row;
  do {
    RowField field;
    field.name = MILLRACE_TRY(parse_name(tokens, "a field's name"));
    field.type = MILLRACE_TRY(parse_inner(tokens));
    if (tokens.peek().kind == TokenKind::kString) field.comment = tokens.take().value;
    row.fields.push_back(std::move(field));
  } while (tokens.accept(","));
  MILLRACE_TRY(expect_close(tokens, close));
  return row;
}

// (3), (10, 2)
Result<std::vector<uint32_t>> parse_parameters(TokenCursor& tokens) {
  std::vector<uint32_t> parameters;
  if (!tokens.at("(")) return parameters;
  tokens.take();
  do {
    const Span place = tokens.here();
    const uint64_t value = MILLRACE_TRY(parse_count(tokens, "a number"));
    if (value > UINT32_MAX) return tokens.refuse(place, "the number is too large for a type");
    parameters.push_back(static_cast<uint32_t>(value));
  } while (tokens.accept(","));
  MILLRACE_TRY(tokens.expect(")", "after the type's number"));
  return parameters;
}

Result<std::optional<uint32_t>> parse_precision(TokenCursor& tokens) {
  const Span place = tokens.here();
  const std::vector<uint32_t> parameters = MILLRACE_TRY(parse_parameters(tokens));
  if (parameters.empty()) return std::nullopt;
  if (parameters.size() > 1) return tokens.refuse(place, "a time unit has one precision");
  return std::optional(parameters[0]);
}

// The words behind TIME and TIMESTAMP; puts the name into its short form.
Result<void> parse_zone(TokenCursor& tokens, Identifier& name) {
  if (tokens.at_words("WITHOUT", "TIME")) {
    tokens.take();
  } else if (tokens.at("WITH") && (tokens.at("TIME", 1) || tokens.at("LOCAL", 1))) {
    tokens.take();
    tokens.accept("LOCAL");
    if (name.text == "TIME") {
      return tokens.refuse(tokens.since(name.span), "a TIME has no time zone");
    }
    name.text = "TIMESTAMP_LTZ";
  } else {
    return {};
  }
  MILLRACE_TRY(tokens.expect("TIME"));
  return tokens.expect("ZONE");
}

Result<TypeName> parse_type_head(TokenCursor& tokens) {
  TypeName type;
  if (tokens.at_words("ARRAY", "<")) {
    tokens.take();
    type.node = ArrayType{MILLRACE_TRY(parse_element(tokens))};
  } else if (tokens.at_words("MULTISET", "<")) {
    tokens.take();
    type.node = MultisetType{MILLRACE_TRY(parse_element(tokens))};
  } else if (tokens.at_words("MAP", "<")) {
    tokens.take();
    type.node = MILLRACE_TRY(parse_map(tokens));
  } else if (tokens.at("ROW") && (tokens.at("<", 1) || tokens.at("(", 1))) {
    tokens.take();
    type.node = MILLRACE_TRY(parse_row(tokens));
  } else if (tokens.accept("INTERVAL")) {
    type.node = IntervalType{MILLRACE_TRY(parse_interval_qualifier(tokens))};
  } else {
    type.node = MILLRACE_TRY(parse_named_type(tokens));
  }
  return type;
}

}  // namespace

Result<std::optional<IntervalQualifier>> parse_interval_qualifier(TokenCursor& tokens) {
  const auto unit_here = [&]() -> std::optional<TimeUnit> {
    if (tokens.peek().kind != TokenKind::kWord) return std::nullopt;
    return find_time_unit(tokens.peek().raw);
  };
  const std::optional<TimeUnit> from = unit_here();
  if (!from) return std::nullopt;
  tokens.take();
  IntervalQualifier qualifier{.from = *from};
  qualifier.leading_precision = MILLRACE_TRY(parse_precision(tokens));
  if (tokens.at("TO")) {
    tokens.take();
    qualifier.to = unit_here();
    if (!qualifier.to) return tokens.unexpected("a time unit");
    tokens.take();
    qualifier.fractional_precision = MILLRACE_TRY(parse_precision(tokens));
  }
  return std::optional(qualifier);
}

Result<NamedType> parse_named_type(TokenCursor& tokens) {
  const bool quoted = tokens.peek().kind == TokenKind::kQuotedName;
  NamedType type;
  type.name = MILLRACE_TRY(parse_qualified_name(tokens, "a type"));
  if (quoted || type.name.parts.size() > 1) {
    type.parameters = MILLRACE_TRY(parse_parameters(tokens));
    return type;
  }
  Identifier& name = type.name.parts[0];
  name.text = upper_word(name.text);
  if (name.text == "DOUBLE") {
    tokens.accept("PRECISION");
  } else if (name.text == "CHARACTER" || name.text == "CHAR") {
    if (tokens.accept("VARYING")) name.text = "VARCHAR";
  }
  type.parameters = MILLRACE_TRY(parse_parameters(tokens));
  if (name.text == "TIME" || name.text == "TIMESTAMP") {
    MILLRACE_TRY(parse_zone(tokens, name));
  }
  type.name.span = name.span = tokens.since(name.span);
  return type;
}

Result<TypeName> parse_type_name(TokenCursor& tokens) {
  const Level level(tokens);
  MILLRACE_TRY(level.check());
  const Span begin = tokens.here();
  TypeName type = MILLRACE_TRY(parse_type_head(tokens));
  const auto wrap = [&](auto outer) -> Result<void> {
    type.span = tokens.since(begin);
    outer.element = std::move(type);
    type = TypeName{.node = std::move(outer)};
    return tokens.grow();
  };
  while (true) {
    if (tokens.at("ARRAY")) {
      tokens.take();
      MILLRACE_TRY(wrap(ArrayType{}));
    } else if (tokens.at("MULTISET")) {
      tokens.take();
      MILLRACE_TRY(wrap(MultisetType{}));
    } else if (tokens.at_words("[", "]")) {
      tokens.take();
      tokens.take();
      MILLRACE_TRY(wrap(ArrayType{}));
    } else {
      break;
    }
  }
  type.span = tokens.since(begin);
  return type;
}

std::optional<TimeUnit> find_time_unit(std::string_view word) {
  if (word.size() > 2 && (word.back() == 's' || word.back() == 'S')) {
    word.remove_suffix(1);
  }
  for (uint8_t unit = 0; unit <= static_cast<uint8_t>(TimeUnit::kMicrosecond); ++unit) {
    if (same_word(word, to_string(static_cast<TimeUnit>(unit)))) return static_cast<TimeUnit>(unit);
  }
  return std::nullopt;
}

std::string_view to_string(TimeUnit unit) {
  constexpr auto kNames =
      std::to_array<std::string_view>({"YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "MINUTE",
                                       "SECOND", "MILLISECOND", "MICROSECOND"});
  return kNames[static_cast<size_t>(unit)];
}

}  // namespace millrace::sql
