#include "engine/in/decoded_rows.h"

#include <utility>

namespace millrace::engine {
namespace {

uint32_t rows_of(const std::vector<data::ColumnPtr>& columns) {
  return columns.empty() ? 0 : columns.front()->rows();
}

}  // namespace

DecodedRows::DecodedRows(std::vector<data::ColumnPtr> columns, data::SchemaPtr schema,
                         std::shared_ptr<const SplitNumber> split, int64_t first_row,
                         std::shared_ptr<const SourceNaming> naming)
    : rows_(std::move(schema), columns, rows_of(columns)),
      split_(std::move(split)),
      first_row_(first_row),
      naming_(std::move(naming)) {}

data::ReadPosition DecodedRows::position(uint32_t row) const {
  const uint32_t split = naming_->source->numbers_all_rows() ? 0 : split_->ordinal;
  return {naming_->ordinal, split, first_row_ + row};
}

void DecodedRows::name(uint32_t row, Rejection& rejection) const {
  rejection.table = naming_->table;
  rejection.place = naming_->source->place(split_->split, first_row_ + row);
  rejection.row = naming_->row_text(rows_, row);
  rejection.on_rejection = naming_->on_rejection;
}

void name_read_row(Rejection& rejection) {
  const data::RowOriginPtr origin = std::exchange(rejection.origin, nullptr);
  const auto [rows, row] = origin->locate(static_cast<uint32_t>(rejection.batch_row));
  static_cast<const DecodedRows*>(rows)->name(row, rejection);
}

}  // namespace millrace::engine
