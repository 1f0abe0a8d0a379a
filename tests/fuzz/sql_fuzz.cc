// modules: base sql
//
// Any text as a script: an Error that can be printed, or statements whose canonical text parses to
// the same statements and is its own canonical text.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "sql/parse.h"
#include "sql/print.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace millrace;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto end = sql::find_statement_end(text);
  MILLRACE_ASSERT(!end || *end <= size);
  const auto statements = sql::parse_script(text, "fuzz.sql");
  if (!statements) {
    MILLRACE_ASSERT(!statements.error().to_string().empty());
    return 0;
  }
  std::string canonical;
  for (const sql::Statement& statement : *statements) canonical += sql::print(statement) + ";\n";
  const auto again = sql::parse_script(canonical, "canonical.sql");
  MILLRACE_ASSERT(again);
  MILLRACE_ASSERT(*again == *statements);
  std::string printed;
  for (const sql::Statement& statement : *again) printed += sql::print(statement) + ";\n";
  MILLRACE_ASSERT(printed == canonical);
  return 0;
}
