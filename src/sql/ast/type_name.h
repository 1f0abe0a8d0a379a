#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sql/ast/box.h"
#include "sql/ast/choice.h"
#include "sql/ast/interval.h"
#include "sql/ast/name.h"
#include "sql/ast/span.h"

namespace millrace::sql {

struct TypeName;

// Every type that is a word with numbers: INT, VARCHAR(20), TIMESTAMP(3), pg_catalog.regclass.
// A name of one part is in upper case unless it was quoted. Names of several words are one:
// DOUBLE PRECISION is DOUBLE, CHARACTER VARYING is VARCHAR, TIMESTAMP WITHOUT TIME ZONE is
// TIMESTAMP, TIMESTAMP WITH [LOCAL] TIME ZONE is TIMESTAMP_LTZ. Aliases (STRING, TEXT, BYTEA, INT4)
// are kept.
struct NamedType {
  QualifiedName name;
  std::vector<uint32_t> parameters;
  friend bool operator==(const NamedType&, const NamedType&) = default;
};

// ARRAY<INT>, INT ARRAY, INT[].
struct ArrayType {
  Box<TypeName> element;
  friend bool operator==(const ArrayType&, const ArrayType&) = default;
};

// MULTISET<INT>, INT MULTISET.
struct MultisetType {
  Box<TypeName> element;
  friend bool operator==(const MultisetType&, const MultisetType&) = default;
};

// MAP<STRING, INT>.
struct MapType {
  Box<TypeName> key;
  Box<TypeName> value;
  friend bool operator==(const MapType&, const MapType&) = default;
};

struct RowField;

// ROW<name STRING, age INT>, ROW(name STRING).
struct RowType {
  std::vector<RowField> fields;
  friend bool operator==(const RowType&, const RowType&) = default;
};

// INTERVAL, INTERVAL DAY TO SECOND(3).
struct IntervalType {
  std::optional<IntervalQualifier> qualifier;
  friend bool operator==(const IntervalType&, const IntervalType&) = default;
};

struct TypeName {
  Choice<NamedType, ArrayType, MultisetType, MapType, RowType, IntervalType> node;
  bool not_null =
      false;  // INT NOT NULL inside a nested type; a column's own NOT NULL is the column's
  Span span;
  friend bool operator==(const TypeName&, const TypeName&) = default;
};

struct RowField {
  Identifier name;
  TypeName type;
  std::optional<std::string> comment;
  friend bool operator==(const RowField&, const RowField&) = default;
};

}  // namespace millrace::sql
