#include <array>

#include "sql/parse/grammar.h"

namespace millrace::sql {
namespace {

constexpr auto kColumnWords = std::to_array<std::string_view>(
    {"NOT", "NULL", "METADATA", "PRIMARY", "COMMENT", "VIRTUAL", "AS"});

// [FROM 'key'] [VIRTUAL], behind METADATA
Result<Metadata> parse_metadata(TokenCursor& tokens) {
  Metadata metadata;
  if (tokens.at("FROM")) {
    tokens.take();
    metadata.key = MILLRACE_TRY(parse_string(tokens, "the metadata's key in quotes"));
  }
  if (tokens.at("VIRTUAL")) {
    tokens.take();
    metadata.is_virtual = true;
  }
  return metadata;
}

Result<void> parse_not_enforced(TokenCursor& tokens) {
  if (!tokens.at_words("NOT", "ENFORCED")) return {};
  tokens.take();
  tokens.take();
  return {};
}

Result<void> set_primary_key(TokenCursor& tokens, CreateTable& table, PrimaryKey key) {
  if (table.primary_key) return tokens.refuse(key.span, "the table has a primary key already");
  table.primary_key = std::move(key);
  return {};
}

// PRIMARY KEY [NOT ENFORCED] behind a column
Result<void> parse_column_key(TokenCursor& tokens, CreateTable& table, const Identifier& column) {
  PrimaryKey key;
  const Span begin = tokens.take().span;
  MILLRACE_TRY(tokens.expect("KEY"));
  MILLRACE_TRY(parse_not_enforced(tokens));
  key.columns.push_back(column);
  key.span = tokens.since(begin);
  return set_primary_key(tokens, table, std::move(key));
}

// What may stand behind a column's type, in any order.
Result<void> parse_column_clauses(TokenCursor& tokens, CreateTable& table, ColumnDefinition& column,
                                  PhysicalColumn& physical) {
  while (true) {
    if (tokens.at_words("NOT", "NULL") && !physical.not_null) {
      tokens.take();
      tokens.take();
      physical.not_null = true;
    } else if (tokens.at("NULL")) {
      tokens.take();
    } else if (tokens.at("METADATA") && !physical.metadata) {
      tokens.take();
      physical.metadata = MILLRACE_TRY(parse_metadata(tokens));
    } else if (tokens.at_words("PRIMARY", "KEY")) {
      MILLRACE_TRY(parse_column_key(tokens, table, column.name));
    } else if (tokens.at("COMMENT") && !column.comment) {
      column.comment = MILLRACE_TRY(parse_comment(tokens));
    } else {
      return {};
    }
  }
}

Result<ColumnDefinition> parse_column(TokenCursor& tokens, CreateTable& table) {
  ColumnDefinition column;
  const Span begin = tokens.here();
  column.name = MILLRACE_TRY(parse_name(tokens, "a column's name"));
  if (tokens.accept("AS")) {
    column.node = ComputedColumn{MILLRACE_TRY(parse_expression(tokens))};
    if (tokens.at("COMMENT")) column.comment = MILLRACE_TRY(parse_comment(tokens));
  } else {
    PhysicalColumn physical;
    physical.type = MILLRACE_TRY(parse_type_name(tokens));
    MILLRACE_TRY(parse_column_clauses(tokens, table, column, physical));
    column.node = std::move(physical);
  }
  column.span = tokens.since(begin);
  return column;
}

// WATERMARK FOR c AS expression
Result<void> parse_watermark(TokenCursor& tokens, CreateTable& table) {
  WatermarkDefinition watermark;
  const Span begin = tokens.take().span;
  MILLRACE_TRY(tokens.expect("FOR"));
  watermark.column = MILLRACE_TRY(parse_name(tokens, "a column's name"));
  MILLRACE_TRY(tokens.expect("AS", "after the column"));
  watermark.expression = MILLRACE_TRY(parse_expression(tokens));
  watermark.span = tokens.since(begin);
  if (table.watermark) return tokens.refuse(watermark.span, "the table has a watermark already");
  table.watermark = std::move(watermark);
  return {};
}

// [CONSTRAINT n] PRIMARY KEY (a, b) [NOT ENFORCED]
Result<void> parse_primary_key(TokenCursor& tokens, CreateTable& table) {
  PrimaryKey key;
  const Span begin = tokens.here();
  if (tokens.accept("CONSTRAINT")) {
    key.name = MILLRACE_TRY(parse_name(tokens, "the constraint's name"));
  }
  MILLRACE_TRY(tokens.expect("PRIMARY"));
  MILLRACE_TRY(tokens.expect("KEY"));
  key.columns = MILLRACE_TRY(parse_name_list(tokens, "a column's name"));
  MILLRACE_TRY(parse_not_enforced(tokens));
  key.span = tokens.since(begin);
  return set_primary_key(tokens, table, std::move(key));
}

Result<void> parse_table_element(TokenCursor& tokens, CreateTable& table) {
  if (tokens.at_words("WATERMARK", "FOR")) return parse_watermark(tokens, table);
  const bool named = tokens.at("CONSTRAINT") && at_name(tokens, 1) && tokens.at("PRIMARY", 2);
  if (named || tokens.at_words("PRIMARY", "KEY")) return parse_primary_key(tokens, table);
  table.columns.push_back(MILLRACE_TRY(parse_column(tokens, table)));
  return {};
}

// ( … )
Result<void> parse_table_elements(TokenCursor& tokens, CreateTable& table) {
  tokens.take();
  while (true) {
    const bool is_column = !tokens.at("WATERMARK") && !tokens.at("CONSTRAINT");
    MILLRACE_TRY(parse_table_element(tokens, table));
    if (tokens.accept(",")) continue;
    if (tokens.accept(")")) return {};
    return tokens.unexpected(
        {}, is_column ? "after the column definition" : "in the table's definition", kColumnWords);
  }
}

struct FeatureWord {
  std::string_view word;
  LikeFeature feature;
};
constexpr auto kFeatureWords = std::to_array<FeatureWord>({
    {"ALL", LikeFeature::kAll},
    {"CONSTRAINTS", LikeFeature::kConstraints},
    {"GENERATED", LikeFeature::kGenerated},
    {"METADATA", LikeFeature::kMetadata},
    {"OPTIONS", LikeFeature::kOptions},
    {"PARTITIONS", LikeFeature::kPartitions},
    {"WATERMARKS", LikeFeature::kWatermarks},
    {"DISTRIBUTION", LikeFeature::kDistribution},
});

Result<LikeFeature> parse_feature(TokenCursor& tokens) {
  for (const FeatureWord& candidate : kFeatureWords) {
    if (tokens.accept(candidate.word)) return candidate.feature;
  }
  return tokens.unexpected({});
}

// LIKE u [INCLUDING …], with or without parentheses around the rules
Result<LikeTable> parse_like_table(TokenCursor& tokens) {
  LikeTable like;
  tokens.take();
  like.source = MILLRACE_TRY(parse_qualified_name(tokens, "a table's name"));
  const bool parenthesised = tokens.accept("(");
  while (true) {
    LikeRule rule;
    if (tokens.accept("INCLUDING")) {
      rule.treatment = LikeTreatment::kIncluding;
    } else if (tokens.accept("EXCLUDING")) {
      rule.treatment = LikeTreatment::kExcluding;
    } else if (tokens.accept("OVERWRITING")) {
      rule.treatment = LikeTreatment::kOverwriting;
    } else {
      break;
    }
    rule.feature = MILLRACE_TRY(parse_feature(tokens));
    like.rules.push_back(rule);
  }
  if (parenthesised) {
    MILLRACE_TRY(tokens.expect(")"));
  }
  return like;
}

// What stands behind the columns, in any order; AS ends it.
Result<void> parse_table_clauses(TokenCursor& tokens, CreateTable& table) {
  bool with = false;
  while (true) {
    if (!table.comment && tokens.at("COMMENT")) {
      table.comment = MILLRACE_TRY(parse_comment(tokens));
    } else if (table.partitioned_by.empty() && tokens.accept("PARTITIONED")) {
      MILLRACE_TRY(tokens.expect("BY"));
      table.partitioned_by = MILLRACE_TRY(parse_name_list(tokens, "a column's name"));
    } else if (!with && tokens.accept("WITH")) {
      with = true;
      table.options = MILLRACE_TRY(parse_options(tokens));
    } else if (!table.like && tokens.at("LIKE")) {
      table.like = MILLRACE_TRY(parse_like_table(tokens));
    } else if (!table.like && tokens.accept("AS")) {
      table.as_query = MILLRACE_TRY(parse_query(tokens));
      return {};
    } else {
      return {};
    }
  }
}

}  // namespace

Result<StatementNode> parse_create_table(TokenCursor& tokens, bool temporary) {
  tokens.take();
  CreateTable table{.temporary = temporary};
  table.if_not_exists = MILLRACE_TRY(parse_if_not_exists(tokens));
  table.name = MILLRACE_TRY(parse_qualified_name(tokens, "a table's name"));
  if (tokens.at("(")) {
    MILLRACE_TRY(parse_table_elements(tokens, table));
  } else if (!tokens.at("LIKE") && !tokens.at("AS") && !tokens.at("WITH") &&
             !tokens.at("COMMENT") && !tokens.at("PARTITIONED")) {
    return tokens.unexpected("'(' and the columns", "after the table's name");
  }
  MILLRACE_TRY(parse_table_clauses(tokens, table));
  return table;
}

}  // namespace millrace::sql
