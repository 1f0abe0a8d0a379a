#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sql/ast/box.h"
#include "sql/ast/choice.h"
#include "sql/ast/inspect.h"
#include "sql/ast/name.h"
#include "sql/ast/query.h"

namespace millrace::sql {

// SET 'k' = 'v'; SET k = v, SET k TO v, SET SESSION k = v, SET TIME ZONE 'UTC' ('timezone') and SET
// NAMES 'UTF8' ('client_encoding') too. A list of values is joined by ", ". SET k TO DEFAULT is a
// Reset.
struct Set {
  std::string key;
  std::string value;
  Span key_span;
  Span value_span;
  friend bool operator==(const Set&, const Set&) = default;
};

// RESET 'k'; RESET and RESET ALL: every setting.
struct Reset {
  std::optional<std::string> key;
  Span key_span;
  friend bool operator==(const Reset&, const Reset&) = default;
};

enum class UseKind : uint8_t { kDefault, kSchema, kDatabase };

// USE n, USE SCHEMA n, USE DATABASE n, USE CATALOG n (a database).
struct Use {
  UseKind kind = UseKind::kDefault;
  QualifiedName name;
  friend bool operator==(const Use&, const Use&) = default;
};

// FLUSH.
struct Flush {
  friend bool operator==(const Flush&, const Flush&) = default;
};

enum class TransactionAction : uint8_t { kBegin, kCommit, kRollback };

// BEGIN, START TRANSACTION, COMMIT, END, ROLLBACK, ABORT. Isolation levels and access modes are
// read and forgotten.
struct Transaction {
  TransactionAction action = TransactionAction::kBegin;
  friend bool operator==(const Transaction&, const Transaction&) = default;
};

// DECLARE c [BINARY] [INSENSITIVE] [NO SCROLL] CURSOR [WITH|WITHOUT HOLD] FOR query | SUBSCRIBE
// query.
struct DeclareCursor {
  Identifier name;
  bool binary = false;
  bool with_hold = false;
  Choice<QueryStatement, Subscribe> source;
  friend bool operator==(const DeclareCursor&, const DeclareCursor&) = default;
};

// FETCH [NEXT | [FORWARD] n | [FORWARD] ALL] [FROM|IN] c. `count` absent: ALL.
struct FetchCursor {
  Identifier name;
  std::optional<uint64_t> count = 1;
  friend bool operator==(const FetchCursor&, const FetchCursor&) = default;
};

// CLOSE c, CLOSE ALL.
struct CloseCursor {
  std::optional<Identifier> name;
  friend bool operator==(const CloseCursor&, const CloseCursor&) = default;
};

}  // namespace millrace::sql
