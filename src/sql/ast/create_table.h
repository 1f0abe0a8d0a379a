#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sql/ast/box.h"
#include "sql/ast/choice.h"
#include "sql/ast/expression.h"
#include "sql/ast/name.h"
#include "sql/ast/option.h"
#include "sql/ast/query.h"
#include "sql/ast/span.h"
#include "sql/ast/type_name.h"

namespace millrace::sql {

// METADATA [FROM 'key'] [VIRTUAL]. Without FROM, the key is the column's name.
struct Metadata {
  std::optional<std::string> key;
  bool is_virtual = false;
  friend bool operator==(const Metadata&, const Metadata&) = default;
};

// c TYPE [NOT NULL] [METADATA …]: a column that the connector fills.
struct PhysicalColumn {
  TypeName type;
  bool not_null = false;
  std::optional<Metadata> metadata;
  friend bool operator==(const PhysicalColumn&, const PhysicalColumn&) = default;
};

// c AS expression.
struct ComputedColumn {
  Expression expression;
  friend bool operator==(const ComputedColumn&, const ComputedColumn&) = default;
};

struct ColumnDefinition {
  Identifier name;
  Choice<PhysicalColumn, ComputedColumn> node;
  std::optional<std::string> comment;
  Span span;
  friend bool operator==(const ColumnDefinition&, const ColumnDefinition&) = default;
};

// WATERMARK FOR c AS expression.
struct WatermarkDefinition {
  Identifier column;
  Expression expression;
  Span span;
  friend bool operator==(const WatermarkDefinition&, const WatermarkDefinition&) = default;
};

// [CONSTRAINT n] PRIMARY KEY (a, b) [NOT ENFORCED]; behind a column, `c INT PRIMARY KEY`, it is
// that one.
struct PrimaryKey {
  std::optional<Identifier> name;
  std::vector<Identifier> columns;
  Span span;
  friend bool operator==(const PrimaryKey&, const PrimaryKey&) = default;
};

enum class LikeFeature : uint8_t {
  kAll,
  kConstraints,
  kGenerated,
  kMetadata,
  kOptions,
  kPartitions,
  kWatermarks,
  kDistribution,
};
enum class LikeTreatment : uint8_t { kIncluding, kExcluding, kOverwriting };

struct LikeRule {
  LikeTreatment treatment = LikeTreatment::kIncluding;
  LikeFeature feature = LikeFeature::kAll;
  friend bool operator==(const LikeRule&, const LikeRule&) = default;
};

// LIKE u [INCLUDING …|EXCLUDING …].
struct LikeTable {
  QualifiedName source;
  std::vector<LikeRule> rules;
  friend bool operator==(const LikeTable&, const LikeTable&) = default;
};

// CREATE [TEMPORARY] TABLE [IF NOT EXISTS] name [(columns …)] [COMMENT '…'] [PARTITIONED BY (…)]
// [WITH (…)] [AS query | LIKE u …]. Columns keep their order; at most one watermark and one key are
// parsed, a second one is a syntax error.
struct CreateTable {
  bool temporary = false;
  bool if_not_exists = false;
  QualifiedName name;
  std::vector<ColumnDefinition> columns;
  std::optional<WatermarkDefinition> watermark;
  std::optional<PrimaryKey> primary_key;
  std::optional<std::string> comment;
  std::vector<Identifier> partitioned_by;
  Options options;
  std::optional<LikeTable> like;
  Box<Query> as_query;
  friend bool operator==(const CreateTable&, const CreateTable&) = default;
};

}  // namespace millrace::sql
