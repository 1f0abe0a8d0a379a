#include "formats/csv/csv_row_parser.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/nearest.h"
#include "formats/utf8.h"

namespace millrace::formats {
namespace {

using data::TypeKind;

bool reads_csv_as(const data::Type& type) {
  return type.kind() == TypeKind::kArray ? reads_text_as(type.fields()[0].type)
                                         : reads_text_as(type);
}

}  // namespace

CsvRowParser::CsvRowParser(const DecodeRequest& request, const CsvOptions& options)
    : options_(options),
      declared_(request.declared),
      schema_(request.output_schema()),
      null_on_error_(request.null_on_error || options.null_on_error),
      places_(request.columns),
      fields_expected_(request.declared->columns()) {
  for (const data::Field& field : schema_->fields()) {
    any_text_ |= field.type.is_text() || field.type.kind() == TypeKind::kArray;
  }
}

Result<void> CsvRowParser::use_header(const CsvRowSplitter& header) {
  std::vector<std::string> names;
  for (const CsvField& field : header.fields()) {
    names.emplace_back(header.plain(field, scratch_));
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  for (size_t index = 0; index < places_.size(); ++index) {
    const std::string& wanted = schema_->field(index).name;
    const auto found = std::find(names.begin(), names.end(), wanted);
    if (found == names.end()) {
      return Error(ErrorCode::kColumnNotFound,
                   fmt::format("the header of the file has no column '{}'", wanted))
          .remedy(nearest_remedy(wanted, known));
    }
    places_[index] = static_cast<size_t>(found - names.begin());
  }
  fields_expected_ = names.size();
  return {};
}

bool CsvRowParser::read_list(std::string_view text, data::ColumnBuilder& to) {
  bool more = !text.empty();
  while (more) {
    const size_t end = std::min(text.find(options_.element_delimiter), text.size());
    const std::string_view element = text.substr(0, end);
    if (element == options_.null_literal) {
      to.child(0).append_null();
    } else if (!append_text_as_value(to.child(0), element, failure_)) {
      return false;
    }
    more = end < text.size();
    text.remove_prefix(more ? end + 1 : end);
  }
  to.end_list();
  return true;
}

bool CsvRowParser::read_field(const CsvRowSplitter& row, const CsvField& field,
                              const data::Field& column, data::ColumnBuilder& to) {
  if (!field.quoted && field.text == options_.null_literal) {
    if (!column.nullable) {
      failure_ = {ErrorCode::kNullNotAllowed, "the field is NULL, but the column is NOT NULL"};
      return false;
    }
    to.append_null();
    return true;
  }
  const std::string_view text = row.plain(field, scratch_);
  const uint32_t rows = to.rows();
  const bool read = to.type().kind() == TypeKind::kArray ? read_list(text, to)
                                                         : append_text_as_value(to, text, failure_);
  if (read || !null_on_error_ || !column.nullable) return read;
  to.truncate(rows);
  to.append_null();
  return true;
}

bool CsvRowParser::parse(const CsvRowSplitter& row, std::string_view text, data::BatchBuilder& to) {
  if (row.fields().size() != fields_expected_) {
    failure_ = {ErrorCode::kMalformedRow, fmt::format("the row has {} fields, expected are {}",
                                                      row.fields().size(), fields_expected_)};
    return false;
  }
  if (any_text_ && !is_utf8(text)) {
    failure_ = {ErrorCode::kMalformedRow, "the row is not valid UTF-8"};
    return false;
  }
  for (size_t index = 0; index < places_.size(); ++index) {
    const data::Field& column = schema_->field(index);
    if (!read_field(row, row.fields()[places_[index]], column, to.column(index))) {
      failure_.reason = fmt::format("column '{}': {}", column.name, failure_.reason);
      to.drop_open_row();
      return false;
    }
  }
  to.end_row();
  return true;
}

FieldFailure CsvRowParser::failure_of(const CsvRowSplitter& row, bool first_row) const {
  if (!first_row || options_.header) return failure_;
  for (const CsvField& field : row.fields()) {
    if (!declared_->find(field.text)) return failure_;
  }
  FieldFailure failure = failure_;
  failure.reason += " (the line is a header: say 'csv.header' = 'true')";
  return failure;
}

Result<void> check_csv_columns(const DecodeRequest& request) {
  for (const size_t index : request.columns) {
    const data::Field& field = request.declared->field(index);
    if (reads_csv_as(field.type)) continue;
    return Error(ErrorCode::kTypeMismatch,
                 fmt::format("column '{}': format 'csv' cannot be read as {}", field.name,
                             field.type.to_string()))
        .remedy("Declare it as STRING and convert it in the query.");
  }
  return {};
}

}  // namespace millrace::formats
