#include <optional>

#include "sql/parse/grammar.h"

namespace millrace::sql {
namespace {

Result<Pattern> parse_pattern(TokenCursor& tokens);

Result<uint32_t> parse_repetition(TokenCursor& tokens) {
  const Span place = tokens.here();
  const uint64_t count = MILLRACE_TRY(parse_count(tokens, "a number of repetitions"));
  if (count > UINT32_MAX) return tokens.refuse(place, "the number of repetitions is too large");
  return static_cast<uint32_t>(count);
}

// {n}, {n,}, {n,m}, {,m}
Result<PatternQuantified> parse_braces(TokenCursor& tokens) {
  PatternQuantified quantified;
  const Span begin = tokens.take().span;
  if (!tokens.at(",")) {
    quantified.at_least = MILLRACE_TRY(parse_repetition(tokens));
    quantified.at_most = quantified.at_least;
  }
  if (tokens.accept(",")) {
    quantified.at_most.reset();
    if (!tokens.at("}")) quantified.at_most = MILLRACE_TRY(parse_repetition(tokens));
  }
  MILLRACE_TRY(tokens.expect("}"));
  if (quantified.at_most && *quantified.at_most < quantified.at_least) {
    return tokens.refuse(tokens.since(begin), "the bounds of the repetition are out of order");
  }
  return quantified;
}

Result<std::optional<PatternQuantified>> parse_quantifier(TokenCursor& tokens) {
  PatternQuantified quantified;
  if (tokens.accept("*")) {
  } else if (tokens.accept("+")) {
    quantified.at_least = 1;
  } else if (tokens.accept("?")) {
    quantified.at_most = 1;
  } else if (tokens.at("{") && !tokens.at("-", 1)) {
    quantified = MILLRACE_TRY(parse_braces(tokens));
  } else {
    return std::nullopt;
  }
  quantified.reluctant = tokens.accept("?");
  return std::optional(std::move(quantified));
}

// PERMUTE(a, b)
Result<PatternPermute> parse_permute(TokenCursor& tokens) {
  PatternPermute permute;
  tokens.take();
  MILLRACE_TRY(tokens.expect("("));
  do {
    permute.parts.push_back(MILLRACE_TRY(parse_pattern(tokens)));
  } while (tokens.accept(","));
  MILLRACE_TRY(tokens.expect(")", "after the pattern"));
  return permute;
}

Result<Pattern> parse_pattern_primary(TokenCursor& tokens) {
  const Span begin = tokens.here();
  Pattern pattern;
  if (tokens.accept("(")) {
    if (tokens.accept(")")) {
      pattern.node = PatternSequence();
    } else {
      pattern = MILLRACE_TRY(parse_pattern(tokens));
      MILLRACE_TRY(tokens.expect(")", "after the pattern"));
    }
  } else if (tokens.at_words("{", "-")) {
    tokens.take();
    tokens.take();
    pattern.node = PatternExclusion{MILLRACE_TRY(parse_pattern(tokens))};
    MILLRACE_TRY(tokens.expect("-"));
    MILLRACE_TRY(tokens.expect("}"));
  } else if (tokens.at_words("PERMUTE", "(")) {
    pattern.node = MILLRACE_TRY(parse_permute(tokens));
  } else if (tokens.at("^") || tokens.at("$")) {
    pattern.node = PatternAnchor{.at_end = tokens.at("$")};
    tokens.take();
  } else {
    pattern.node = PatternVariable{MILLRACE_TRY(parse_name(tokens, "a pattern variable"))};
  }
  pattern.span = tokens.since(begin);
  return pattern;
}

Result<Pattern> parse_pattern_factor(TokenCursor& tokens) {
  const Span begin = tokens.here();
  Pattern pattern = MILLRACE_TRY(parse_pattern_primary(tokens));
  std::optional<PatternQuantified> quantified = MILLRACE_TRY(parse_quantifier(tokens));
  if (!quantified) return pattern;
  quantified->part = std::move(pattern);
  return Pattern{.node = std::move(*quantified), .span = tokens.since(begin)};
}

bool at_pattern_part(const TokenCursor& tokens) {
  return tokens.at("(") || tokens.at_words("{", "-") || tokens.at("^") || tokens.at("$") ||
         at_name(tokens);
}

Result<Pattern> parse_pattern_sequence(TokenCursor& tokens) {
  const Span begin = tokens.here();
  Pattern first = MILLRACE_TRY(parse_pattern_factor(tokens));
  if (!at_pattern_part(tokens)) return first;
  PatternSequence sequence;
  sequence.parts.push_back(std::move(first));
  while (at_pattern_part(tokens)) {
    sequence.parts.push_back(MILLRACE_TRY(parse_pattern_factor(tokens)));
  }
  return Pattern{.node = std::move(sequence), .span = tokens.since(begin)};
}

Result<Pattern> parse_pattern(TokenCursor& tokens) {
  const Level level(tokens);
  MILLRACE_TRY(level.check());
  const Span begin = tokens.here();
  Pattern first = MILLRACE_TRY(parse_pattern_sequence(tokens));
  if (!tokens.at("|")) return first;
  PatternAlternatives alternatives;
  alternatives.choices.push_back(std::move(first));
  while (tokens.accept("|")) {
    alternatives.choices.push_back(MILLRACE_TRY(parse_pattern_sequence(tokens)));
  }
  return Pattern{.node = std::move(alternatives), .span = tokens.since(begin)};
}

Result<std::vector<Measure>> parse_measures(TokenCursor& tokens) {
  std::vector<Measure> measures;
  if (!tokens.accept("MEASURES")) return measures;
  do {
    Measure measure;
    measure.expression = MILLRACE_TRY(parse_expression(tokens));
    MILLRACE_TRY(tokens.expect("AS", "after the measure"));
    measure.name = MILLRACE_TRY(parse_label(tokens, "the measure's name"));
    measures.push_back(std::move(measure));
  } while (tokens.accept(","));
  return measures;
}

Result<RowsPerMatch> parse_rows_per_match(TokenCursor& tokens) {
  if (!tokens.at("ONE") && !tokens.at("ALL")) return RowsPerMatch::kDefault;
  const bool one = tokens.at("ONE");
  tokens.take();
  MILLRACE_TRY(tokens.expect(one ? "ROW" : "ROWS"));
  MILLRACE_TRY(tokens.expect("PER"));
  MILLRACE_TRY(tokens.expect("MATCH"));
  if (one) return RowsPerMatch::kOne;
  RowsPerMatch rows = RowsPerMatch::kAll;
  if (tokens.accept("SHOW")) {
    rows = RowsPerMatch::kAllShowEmpty;
  } else if (tokens.accept("OMIT")) {
    rows = RowsPerMatch::kAllOmitEmpty;
  } else if (tokens.accept("WITH")) {
    MILLRACE_TRY(tokens.expect("UNMATCHED"));
    MILLRACE_TRY(tokens.expect("ROWS"));
    return RowsPerMatch::kAllWithUnmatched;
  } else {
    return rows;
  }
  MILLRACE_TRY(tokens.expect("EMPTY"));
  MILLRACE_TRY(tokens.expect("MATCHES"));
  return rows;
}

// AFTER MATCH SKIP …
Result<void> parse_after_match(TokenCursor& tokens, MatchRecognizeTable& table) {
  if (!tokens.accept("AFTER")) return {};
  MILLRACE_TRY(tokens.expect("MATCH"));
  MILLRACE_TRY(tokens.expect("SKIP"));
  if (tokens.accept("PAST")) {
    table.after_match = AfterMatch::kPastLastRow;
    MILLRACE_TRY(tokens.expect("LAST"));
    return tokens.expect("ROW");
  }
  MILLRACE_TRY(tokens.expect("TO"));
  if (tokens.accept_words("NEXT", "ROW")) {
    table.after_match = AfterMatch::kToNextRow;
    return {};
  }
  table.after_match = AfterMatch::kToLast;
  const bool next_is_pattern = tokens.at("PATTERN", 1) && tokens.at("(", 2);
  if (at_name(tokens, 1) && !next_is_pattern) {
    if (tokens.accept("FIRST")) {
      table.after_match = AfterMatch::kToFirst;
    } else {
      MILLRACE_TRY(tokens.expect("LAST"));
    }
  }
  table.after_match_variable = MILLRACE_TRY(parse_name(tokens, "a pattern variable"));
  return {};
}

Result<std::vector<PatternSubset>> parse_subsets(TokenCursor& tokens) {
  std::vector<PatternSubset> subsets;
  if (!tokens.accept("SUBSET")) return subsets;
  do {
    PatternSubset subset;
    subset.name = MILLRACE_TRY(parse_name(tokens, "the subset's name"));
    MILLRACE_TRY(tokens.expect("="));
    subset.members = MILLRACE_TRY(parse_name_list(tokens, "a pattern variable"));
    subsets.push_back(std::move(subset));
  } while (tokens.accept(","));
  return subsets;
}

Result<std::vector<PatternDefinition>> parse_definitions(TokenCursor& tokens) {
  std::vector<PatternDefinition> definitions;
  if (!tokens.accept("DEFINE")) return definitions;
  do {
    PatternDefinition definition;
    definition.variable = MILLRACE_TRY(parse_name(tokens, "a pattern variable"));
    MILLRACE_TRY(tokens.expect("AS", "after the pattern variable"));
    definition.condition = MILLRACE_TRY(parse_expression(tokens));
    definitions.push_back(std::move(definition));
  } while (tokens.accept(","));
  return definitions;
}

}  // namespace

Result<TableRef> parse_match_recognize(TokenCursor& tokens, TableRef input) {
  const Level level(tokens);
  MILLRACE_TRY(level.check());
  const Span begin = tokens.take().span;
  MatchRecognizeTable table;
  table.input = std::move(input);
  MILLRACE_TRY(tokens.expect("("));
  table.partition_by = MILLRACE_TRY(parse_partition_by(tokens));
  table.order_by = MILLRACE_TRY(parse_order_by(tokens));
  table.measures = MILLRACE_TRY(parse_measures(tokens));
  table.rows = MILLRACE_TRY(parse_rows_per_match(tokens));
  MILLRACE_TRY(parse_after_match(tokens, table));
  MILLRACE_TRY(tokens.expect("PATTERN", "in MATCH_RECOGNIZE"));
  MILLRACE_TRY(tokens.expect("("));
  table.pattern = MILLRACE_TRY(parse_pattern(tokens));
  MILLRACE_TRY(tokens.expect(")", "after the pattern"));
  if (tokens.accept("WITHIN")) table.within = MILLRACE_TRY(parse_expression(tokens));
  table.subsets = MILLRACE_TRY(parse_subsets(tokens));
  table.definitions = MILLRACE_TRY(parse_definitions(tokens));
  MILLRACE_TRY(tokens.expect(")", "in MATCH_RECOGNIZE"));
  return TableRef{.node = std::move(table), .span = tokens.since(begin)};
}

}  // namespace millrace::sql
