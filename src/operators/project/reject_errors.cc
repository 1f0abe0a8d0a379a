#include "operators/project/reject_errors.h"

#include "data/value.h"

namespace millrace::operators {
namespace {

// "(1, 'a')": what a row was.
std::string row_text(const data::Batch& batch, uint32_t row) {
  std::string text = "(";
  for (size_t index = 0; index < batch.columns().size(); ++index) {
    if (index > 0) text += ", ";
    const data::Column& column = *batch.column(index);
    text += data::to_string(column.value(row), column.type());
  }
  return text += ')';
}

}  // namespace

void reject_errors(const expr::RowErrors& errors, const data::Batch& batch,
                   std::string_view operation, engine::Output& output) {
  for (const expr::RowError& error : errors.list()) {
    if (data::retracts(batch.sign(error.row))) continue;
    output.reject({.code = error.code,
                   .reason = error.message,
                   .table = std::string(operation),
                   .place = {},
                   .row = row_text(batch, error.row)});
  }
}

}  // namespace millrace::operators
