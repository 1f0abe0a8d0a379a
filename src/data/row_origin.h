#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>

namespace millrace::data {

class ReadRows;
class RowOrigin;
using RowOriginPtr = std::shared_ptr<const RowOrigin>;

// RowOrigin: where the physical rows of a batch were read, for whoever has to name a row that
// failed or to break a tie. It costs nothing per row while rows are filtered and computed; slicing,
// gathering and putting batches together keep it; grouping and joining lose it.
//
// Threading:  immutable, shared freely.
class RowOrigin {
 public:
  virtual ~RowOrigin() = default;
  // The rows as they were read, and which of them physical row `row` is. Valid as long as this.
  virtual std::pair<const ReadRows*, uint32_t> locate(uint32_t row) const = 0;
};

// The place of a row among all that a job reads, in the order of its sources: by it ties break.
struct ReadPosition {
  uint32_t source = 0;
  uint32_t split = 0;
  int64_t row = 0;
};

// ReadRows: rows as a source gave them.
//
// Threading:  immutable.
class ReadRows : public RowOrigin {
 public:
  std::pair<const ReadRows*, uint32_t> locate(uint32_t row) const final { return {this, row}; }
  virtual ReadPosition position(uint32_t row) const = 0;
};

// Of the rows from `first` on. Null stays null, in all three.
RowOriginPtr slice_origin(RowOriginPtr origin, uint32_t first);
// Of chosen rows.
RowOriginPtr gather_origin(RowOriginPtr origin, std::span<const uint16_t> rows);
RowOriginPtr gather_origin(RowOriginPtr origin, std::span<const uint32_t> rows);
// Of batches one behind the other, each with its number of rows; null if one of them is.
RowOriginPtr concatenate_origins(std::span<const std::pair<RowOriginPtr, uint32_t>> parts);

}  // namespace millrace::data
