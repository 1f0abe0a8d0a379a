#include "jobs/row_json.h"

#include <fmt/core.h>

#include "formats/value_text.h"

namespace millrace::jobs {

std::string row_as_json(const data::Batch& batch, uint32_t row) {
  std::string text = "{";
  for (size_t index = 0; index < batch.columns().size(); ++index) {
    if (index > 0) text += ',';
    text += fmt::format("\"{}\":", batch.schema()->field(index).name);
    formats::append_json_value(text, *batch.column(index), row, {});
  }
  return text += '}';
}

}  // namespace millrace::jobs
