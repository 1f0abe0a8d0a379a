#pragma once

#include <string>
#include <vector>

#include "sql/ast/span.h"

namespace millrace::sql {

// A name as it is looked up: quotes taken off, case as written. Whether it was quoted means nothing
// (names are looked up exactly first, then without regard to case), so it is not kept; the printer
// quotes where it must.
struct Identifier {
  std::string text;
  Span span;
  friend bool operator==(const Identifier&, const Identifier&) = default;
};

// `a`, `a.b`, `a.b.c`: at least one part.
struct QualifiedName {
  std::vector<Identifier> parts;
  Span span;
  friend bool operator==(const QualifiedName&, const QualifiedName&) = default;
};

}  // namespace millrace::sql
