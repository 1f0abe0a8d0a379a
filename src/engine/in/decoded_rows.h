#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/batch.h"
#include "data/row_origin.h"
#include "engine/rejection.h"
#include "engine/source.h"

namespace millrace::engine {

// How the rows of one source are named. Immutable.
struct SourceNaming {
  std::string table;
  std::shared_ptr<Source> source;
  uint32_t ordinal = 0;  // among the job's sources
  OnRejection on_rejection = OnRejection::kReport;
  std::function<std::string(const data::Batch&, uint32_t row)> row_text;
};

// A split and its place among the source's.
struct SplitNumber {
  Split split;
  uint32_t ordinal = 0;
};

// DecodedRows: a batch as it left its source's projection: what its rows are named by, however far
// they have come.
//
// Threading:  immutable. Ownership: shares the columns.
class DecodedRows final : public data::ReadRows {
 public:
  DecodedRows(std::vector<data::ColumnPtr> columns, data::SchemaPtr schema,
              std::shared_ptr<const SplitNumber> split, int64_t first_row,
              std::shared_ptr<const SourceNaming> naming);
  data::ReadPosition position(uint32_t row) const override;
  // Fills table, place, row and on_rejection.
  void name(uint32_t row, Rejection& rejection) const;

 private:
  const data::Batch rows_;
  const std::shared_ptr<const SplitNumber> split_;
  const int64_t first_row_;
  const std::shared_ptr<const SourceNaming> naming_;
};

// Fills what the rejection's origin tells of its row, and lets the origin go. REQUIRES: the origin
// comes from a source head of this engine, as all do.
void name_read_row(Rejection& rejection);

}  // namespace millrace::engine
