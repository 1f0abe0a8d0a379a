#include "jobs/row_json.h"

#include "expr/json_text.h"
#include "formats/value_text.h"

namespace millrace::jobs {

std::string row_as_json(const data::Batch& batch, uint32_t row) {
  std::string text = "{";
  for (size_t index = 0; index < batch.columns().size(); ++index) {
    if (index > 0) text += ',';
    expr::append_json_quoted(text, batch.schema()->field(index).name);
    text += ':';
    formats::append_json_value(text, *batch.column(index), row, {});
  }
  return text += '}';
}

}  // namespace millrace::jobs
