#include "cli/rows/result_tables.h"

#include <utility>

#include "cli/terminal_client.h"
#include "data/builder.h"

namespace millrace::cli {

data::Field text_column(std::string name) {
  return {std::move(name), data::TypeKind::kVarchar};
}

data::Field number_column(std::string name) {
  return {std::move(name), data::TypeKind::kBigint};
}

void print_tables(OutputFormat format, std::span<const ResultTable> tables) {
  const formats::Formats formats = formats::builtin_formats();
  TerminalClient client({.look = {.format = format}, .quiet = true, .document = true}, formats);
  for (const ResultTable& table : tables) {
    const data::SchemaPtr schema = data::make_schema(table.columns);
    client.begin_rows(schema, false);
    data::BatchBuilder builder(schema);
    for (const auto& row : table.rows) {
      builder.append_row(row);
      if (builder.full()) client.rows(builder.finish());
    }
    if (!builder.empty()) client.rows(builder.finish());
    client.end_rows();
  }
}

}  // namespace millrace::cli
