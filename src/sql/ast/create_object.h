#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sql/ast/box.h"
#include "sql/ast/expression.h"
#include "sql/ast/name.h"
#include "sql/ast/option.h"
#include "sql/ast/query.h"
#include "sql/ast/type_name.h"

namespace millrace::sql {

// CREATE DATABASE n, CREATE SCHEMA n.
struct CreateNamespace {
  bool is_database = false;  // otherwise a schema
  bool if_not_exists = false;
  QualifiedName name;
  Options options;
  friend bool operator==(const CreateNamespace&, const CreateNamespace&) = default;
};

// CREATE CONNECTION c WITH (…).
struct CreateConnection {
  bool if_not_exists = false;
  QualifiedName name;
  Options options;
  friend bool operator==(const CreateConnection&, const CreateConnection&) = default;
};

// CREATE SECRET s AS '…'. The printer writes the value; who logs statements leaves it out.
struct CreateSecret {
  bool if_not_exists = false;
  QualifiedName name;
  std::string value;
  friend bool operator==(const CreateSecret&, const CreateSecret&) = default;
};

// CREATE USER u [[WITH] PASSWORD '…'] [WITH (…)], ALTER USER u ….
struct CreateUser {
  bool alter = false;
  bool if_not_exists = false;
  Identifier name;
  std::optional<std::string> password;
  Options options;
  friend bool operator==(const CreateUser&, const CreateUser&) = default;
};

struct Parameter {
  Identifier name;
  TypeName type;
  friend bool operator==(const Parameter&, const Parameter&) = default;
};

// CREATE [OR REPLACE] [TEMPORARY] FUNCTION [IF NOT EXISTS] f(a INT) RETURNS INT LANGUAGE SQL AS
// '…'.
struct CreateFunction {
  bool or_replace = false;
  bool temporary = false;
  bool if_not_exists = false;
  QualifiedName name;
  std::vector<Parameter> parameters;
  TypeName returns;
  Identifier language;  // upper case, SQL where none was given
  std::string body;
  Span body_span;
  Options options;
  friend bool operator==(const CreateFunction&, const CreateFunction&) = default;
};

// CREATE ALERT a AS query [FOR INTERVAL '…'] NOTIFY 'http…'.
struct CreateAlert {
  bool if_not_exists = false;
  QualifiedName name;
  Box<Query> query;
  Box<Expression> duration;
  std::string notify;
  Span notify_span;
  friend bool operator==(const CreateAlert&, const CreateAlert&) = default;
};

enum class ObjectKind : uint8_t {
  kTable,
  kView,
  kMaterializedView,
  kConnection,
  kSecret,
  kUser,
  kFunction,
  kAlert,
  kJob,
  kTopic,
  kSchema,
  kDatabase,
};

// DROP [TEMPORARY] kind [IF EXISTS] a, b [CASCADE|RESTRICT].
struct Drop {
  ObjectKind kind = ObjectKind::kTable;
  bool temporary = false;
  bool if_exists = false;
  std::vector<QualifiedName> names;
  bool cascade = false;
  friend bool operator==(const Drop&, const Drop&) = default;
};

}  // namespace millrace::sql
