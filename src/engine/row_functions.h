#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "engine/rejection.h"
#include "engine/step.h"

namespace millrace::engine {

// What a source task must evaluate without knowing expressions: interfaces that `jobs` fills.
//
// Threading:  confined to one task.
// Failure:    a row that fails is rejected: appended to `rejections` with code, reason, `batch_row`
//             and `row` as JSON, and left out of the selection; `table` and `place` are the
//             caller's to fill. An Error fails the job.

// RowFilter: which rows go on.
class RowFilter {
 public:
  virtual ~RowFilter() = default;
  // The batch with a selection of the rows that pass.
  virtual Result<data::Batch> filter(data::Batch batch, std::vector<Rejection>& rejections) = 0;
};

// RowProjection: computed columns: the declared columns of a table from those a source decodes.
// Keeps the physical rows: row n of the result comes from row n of what it was given.
class RowProjection {
 public:
  virtual ~RowProjection() = default;
  virtual Result<data::Batch> project(data::Batch batch, std::vector<Rejection>& rejections) = 0;
};

// EventTime: event time and watermark candidate of every physical row of a batch.
class EventTime {
 public:
  virtual ~EventTime() = default;
  // Sets times[row] and watermarks[row] (µs) for every selected row; a NULL time is rejected and
  // left out of the batch's selection, but for a deletion, which may name its row by the key alone
  // (kTimeMin).
  virtual Result<data::Batch> evaluate(data::Batch batch, std::vector<Timestamp>& times,
                                       std::vector<Timestamp>& watermarks,
                                       std::vector<Rejection>& rejections) = 0;
  // The row as JSON, for a rejection because of its time.
  virtual std::string row_as_json(const data::Batch& batch, uint32_t row) const = 0;
};

}  // namespace millrace::engine
