#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/qualified_name.h"
#include "data/schema.h"
#include "traits/connector_traits.h"
#include "traits/format_traits.h"
#include "traits/option.h"

namespace millrace::catalog {

enum class ColumnKind : uint8_t {
  kPhysical,  // in the payload, decoded by the format
  kMetadata,  // offered by the connector beside it
  kComputed,  // from an expression over the others
};

struct ColumnDefinition {
  std::string name;
  data::Type type;
  bool nullable = true;
  ColumnKind kind = ColumnKind::kPhysical;
  std::string metadata_key;  // kMetadata
  bool is_virtual = false;   // kMetadata: read only, no column of an INSERT
  std::string expression;    // kComputed: canonical SQL text over the table's other columns
  std::string comment;
  friend bool operator==(const ColumnDefinition&, const ColumnDefinition&) = default;
};

struct WatermarkDefinition {
  std::string column;
  std::string expression;  // canonical SQL text
  friend bool operator==(const WatermarkDefinition&, const WatermarkDefinition&) = default;
};

// TableDefinition: a table as CREATE TABLE made it: what stands in its canonical statement, read.
//
// Threading:  immutable once made; shared freely.
// Ownership:  connector and format live as long as the program.
struct TableDefinition {
  QualifiedName name;
  std::vector<ColumnDefinition> columns;
  std::optional<WatermarkDefinition> watermark;
  std::vector<std::string> primary_key;  // in the order of the constraint; empty: none
  std::vector<std::string> partitioned_by;
  std::string comment;
  traits::Options options;
  const traits::ConnectorTraits* connector = nullptr;
  const traits::FormatTraits* format = nullptr;  // null: the connector needs none
  // Canonical CREATE TABLE: LIKE and AS SELECT resolved; reading it again gives this definition.
  std::string statement;

  // All columns in order, computed and virtual ones too.
  data::SchemaPtr schema() const;
  std::optional<size_t> find_column(std::string_view name) const;
  // Whether an INSERT provides this column: physical, or metadata that is not VIRTUAL.
  static bool is_writable(const ColumnDefinition& column);
  // Whether reading it comes to an end.
  bool bounded() const;
  // Whether reading it gives the newest row per key, not every row (a topic with a primary key).
  bool is_upsert() const;
  // Option 'topic', or the name that follows from the table's.
  std::string topic() const;
};
using TablePtr = std::shared_ptr<const TableDefinition>;

// ViewDefinition: a name for a query's text. Immutable.
struct ViewDefinition {
  QualifiedName name;
  std::vector<std::string> columns;  // renames the query's columns; empty: as they are
  std::string query;                 // canonical SQL text
  NamePath path;                     // where names in the query begin
  std::string comment;
  std::string statement;  // canonical CREATE VIEW
};
using ViewPtr = std::shared_ptr<const ViewDefinition>;

// Relation: what a name in FROM or INTO stands for: a table or a view; one of the two is set,
// unless its statement could not be read (`broken` then says why, and using it is that error).
struct Relation {
  QualifiedName name;
  TablePtr table;
  ViewPtr view;
  std::string statement;
  bool temporary = false;  // lives in a session, never durable
  bool system = false;     // made by the program, cannot be dropped
  // CREATE TABLE made the topic, so DROP TABLE deletes it.
  bool made_topic = false;
  std::optional<Error> broken;

  static Relation of(TablePtr table);
  static Relation of(ViewPtr view);
  const char* noun() const { return view != nullptr ? "view" : "table"; }
};

}  // namespace millrace::catalog
