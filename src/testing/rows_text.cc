#include "testing/rows_text.h"

#include <fmt/core.h>

#include <charconv>
#include <map>
#include <optional>

#include "base/assert.h"
#include "data/builder.h"
#include "data/datetime_text.h"
#include "data/decimal.h"
#include "data/value.h"

namespace millrace::testing {
namespace {

using data::Type;
using data::TypeKind;
using data::Value;

[[noreturn]] void refuse(std::string_view what, std::string_view text) {
  assertion_failed(fmt::format("{}: '{}'", what, text).c_str(), __FILE__, __LINE__);
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t from = 0; from <= text.size();) {
    const size_t to = std::min(text.find(separator, from), text.size());
    parts.push_back(trim(text.substr(from, to - from)));
    from = to + 1;
  }
  return parts;
}

Type type_of(std::string_view text) {
  std::string_view name = text;
  int numbers[2] = {-1, 0};
  if (const size_t open = text.find('('); open != std::string_view::npos) {
    name = trim(text.substr(0, open));
    const auto parts = split(text.substr(open + 1, text.size() - open - 2), ',');
    for (size_t n = 0; n < parts.size(); ++n) {
      std::from_chars(parts[n].data(), parts[n].data() + parts[n].size(), numbers[n]);
    }
  }
  const auto precision = [&](int otherwise) { return numbers[0] < 0 ? otherwise : numbers[0]; };
  if (name == "BOOLEAN") return TypeKind::kBoolean;
  if (name == "TINYINT") return TypeKind::kTinyint;
  if (name == "SMALLINT") return TypeKind::kSmallint;
  if (name == "INT") return TypeKind::kInt;
  if (name == "BIGINT") return TypeKind::kBigint;
  if (name == "FLOAT") return TypeKind::kFloat;
  if (name == "DOUBLE") return TypeKind::kDouble;
  if (name == "DECIMAL") return Type::decimal(precision(10), numbers[1]);
  if (name == "STRING") return TypeKind::kVarchar;
  if (name == "BYTES") return TypeKind::kBytes;
  if (name == "DATE") return TypeKind::kDate;
  if (name == "TIME") return Type(TypeKind::kTime, precision(0));
  if (name == "TIMESTAMP") return Type::timestamp(precision(6));
  if (name == "TIMESTAMP_LTZ") return Type::timestamp_ltz(precision(6));
  refuse("no such type", text);
}

std::optional<int64_t> integer_of(std::string_view cell) {
  int64_t value = 0;
  const auto end = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (end.ec != std::errc() || end.ptr != cell.data() + cell.size()) return std::nullopt;
  return value;
}

Value time_of(std::string_view cell, const Type& type) {
  if (const auto number = integer_of(cell)) return *number;
  const auto unit = type.counts_ns() ? data::TimeUnit::kNs : data::TimeUnit::kUs;
  if (const auto time = data::parse_time(cell, unit)) return *time;
  if (const auto parsed = data::parse_timestamp(cell, unit)) return parsed->value;
  refuse("no such time", cell);
}

Value value_of(std::string_view cell, const Type& type) {
  if (cell == "NULL") return Value();
  switch (type.kind()) {
    case TypeKind::kBoolean:
      return cell == "true";
    case TypeKind::kFloat:
    case TypeKind::kDouble:
      return std::stod(std::string(cell));
    case TypeKind::kDecimal: {
      const auto value = data::parse_decimal(cell, type.scale());
      if (!value) refuse("no such decimal", cell);
      return type.width() == data::Width::k128 ? Value(*value)
                                               : Value(static_cast<int64_t>(*value));
    }
    case TypeKind::kVarchar:
    case TypeKind::kBytes:
      return std::string(cell);
    case TypeKind::kDate: {
      if (const auto number = integer_of(cell)) return *number;
      if (const auto days = data::parse_date(cell)) return int64_t{*days};
      refuse("no such date", cell);
    }
    case TypeKind::kTime:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampLtz:
      return time_of(cell, type);
    default:
      break;
  }
  if (const auto number = integer_of(cell)) return *number;
  refuse("no such value", cell);
}

std::optional<data::Sign> sign_of(std::string_view cell) {
  for (int sign = 0; sign < 4; ++sign) {
    const auto candidate = static_cast<data::Sign>(sign);
    if (data::to_string(candidate) == cell) return candidate;
  }
  return std::nullopt;
}

}  // namespace

data::SchemaPtr schema_of(std::string_view text) {
  std::vector<data::Field> fields;
  int depth = 0;
  for (size_t from = 0, at = 0; at <= text.size(); ++at) {
    if (at < text.size() && text[at] == '(') ++depth;
    if (at < text.size() && text[at] == ')') --depth;
    if (at < text.size() && (text[at] != ',' || depth > 0)) continue;
    std::string_view column = trim(text.substr(from, at - from));
    from = at + 1;
    if (column.empty()) continue;
    const size_t space = column.find(' ');
    if (space == std::string_view::npos) refuse("a column needs a type", column);
    std::string_view type = trim(column.substr(space));
    const bool not_null = type.ends_with("NOT NULL");
    if (not_null) type = trim(type.substr(0, type.size() - 8));
    fields.push_back({std::string(column.substr(0, space)), type_of(type), !not_null});
  }
  return data::make_schema(std::move(fields));
}

data::Batch rows_of(const data::SchemaPtr& schema, std::string_view text) {
  data::BatchBuilder builder(schema, 16);
  for (const std::string_view line : split(text, '\n')) {
    if (line.empty()) continue;
    std::vector<std::string_view> cells = split(line, '|');
    // "+I 1 | a", "+I | 1 | a" and "1 | a" are the same row.
    data::Sign sign = data::Sign::kInsert;
    if (const auto found = sign_of(cells.front().substr(0, 2))) {
      sign = *found;
      cells.front() = trim(cells.front().substr(2));
      const bool apart = cells.front().empty() && cells.size() == schema->columns() + 1;
      if (apart) cells.erase(cells.begin());
    }
    if (cells.size() != schema->columns()) refuse("wrong number of cells", line);
    std::vector<Value> values;
    for (size_t index = 0; index < cells.size(); ++index) {
      values.push_back(value_of(cells[index], schema->field(index).type));
    }
    builder.append_row(values, sign);
  }
  return builder.finish();
}

std::string row_line(const data::Batch& batch, uint32_t row) {
  std::string line;
  for (size_t index = 0; index < batch.columns().size(); ++index) {
    if (index > 0) line += " | ";
    line += data::to_string(batch.column(index)->value(row), batch.column(index)->type());
  }
  return line;
}

std::vector<std::string> lines_of(const data::Batch& batch) {
  std::vector<std::string> lines;
  batch.for_each_row([&](uint32_t row) {
    lines.push_back(std::string(data::to_string(batch.sign(row))) + " " + row_line(batch, row));
  });
  return lines;
}

std::vector<std::string> fold(const std::vector<std::string>& lines) {
  std::map<std::string, int64_t> counts;
  for (const std::string& line : lines) {
    counts[line.substr(3)] += data::weight(sign_of(line.substr(0, 2)).value());
  }
  std::vector<std::string> rows;
  for (const auto& [row, count] : counts) {
    if (count == 0) continue;
    rows.push_back(count == 1 ? row : fmt::format("{} x{}", row, count));
  }
  return rows;
}

}  // namespace millrace::testing
