#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "data/batch.h"
#include "data/schema.h"
#include "engine/rejection.h"
#include "engine/step.h"
#include "io/executor.h"

namespace millrace::engine {

// Split: a part of a source that is read in order, by itself, from a position: a file, a partition,
// a share of a generator.
struct Split {
  std::string name;      // stable over restarts: "/data/a.json", "orders-3"
  std::string identity;  // recognises changed content: "bytes:modified_us"; empty: never changes
  // No row of the split has an event time below this, where that is known (Parquet statistics).
  std::optional<Timestamp> event_time_min;
};

// Where a split's reader stands: bytes that only the source understands; empty: the start.
using Position = std::string;

// Emit: where a reader puts what it decoded. Owned by the source task.
class Emit {
 public:
  virtual ~Emit() = default;
  // Rows with the schema that the Source was opened for, in the split's order, and the position
  // behind the last of them. At most kBatchRowsMax rows; a batch is never split by a barrier.
  // `first_row` numbers the batch's first row within the split (line number - 1, record offset, …).
  virtual void rows(data::Batch batch, Position behind, int64_t first_row) = 0;
  // A row that cannot be decoded; `behind` as above.
  virtual void reject(Rejection rejection, Position behind) = 0;
};

// SplitReader: reads and decodes one split, and nothing else: event time, watermarks, computed
// columns, cutting, idleness and rejections' fate are the source task's, once for all connectors.
//
// Threading:  confined to one task at a time.
// Order:      poll until kDone. kAgain: call again when there is credit. kWait: the reader runs
//             `wake` (given at open) when there is something, and says caught_up meanwhile where
//             the split is endless and all of it has been read.
// Failure:    an Error fails the job; a bad row is rejected.
class SplitReader {
 public:
  virtual ~SplitReader() = default;
  // Emits about `rows_max` rows at the most, in one or more batches.
  virtual Result<Step> poll(uint32_t rows_max, Emit& emit) = 0;
  virtual bool caught_up() const { return false; }
};

// Source: a table's outside as a set of splits.
//
// Threading:  splits() and open() from the job's coordinator; each reader then lives in its task.
// Ownership:  readers do not outlive the Source.
class Source {
 public:
  virtual ~Source() = default;
  virtual data::SchemaPtr schema() const = 0;
  virtual Result<std::vector<Split>> splits() = 0;
  // The same for a job that goes on, after it has read something of the splits `begun`. A generator
  // deals its rows out to as many splits as it began with, however many shards read them now.
  virtual Result<std::vector<Split>> splits_again(const std::vector<std::string>& begun);
  // `from`: a position that this split's reader once emitted, or empty.
  virtual Result<std::unique_ptr<SplitReader>> open(const Split& split, const Position& from,
                                                    io::Wake wake) = 0;
  // Whether every split ends by itself.
  virtual bool bounded() const = 0;
  // Whether rows are numbered over all splits together, as those of a generator are.
  virtual bool numbers_all_rows() const { return false; }
  // How a row is named to people: "flights.json:1234567". `row` counts as Emit::rows' first_row
  // does.
  virtual std::string place(const Split& split, int64_t row) const;
};

}  // namespace millrace::engine
