#include "slt/row_lines.h"

#include "data/value.h"

namespace millrace::slt {
namespace {

std::string cell(const data::Value& value, const data::Type& type) {
  std::string text = data::to_string(value, type);
  if (value.is_null()) return text;
  for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at)) {
    text.replace(at, 1, "\\n");
  }
  if (text.empty() || text.ends_with(' ')) return "\"" + text + "\"";
  return text;
}

}  // namespace

std::string row_line(const data::Batch& batch, uint32_t row, size_t columns) {
  std::string line;
  for (size_t index = 0; index < columns; ++index) {
    if (index > 0) line += " | ";
    line += cell(batch.column(index)->value(row), batch.schema()->field(index).type);
  }
  return line;
}

void RowLines::rows(const data::Batch& batch) {
  batch.for_each_row(
      [&](uint32_t row) { lines_.push_back(row_line(batch, row, batch.schema()->columns())); });
}

}  // namespace millrace::slt
