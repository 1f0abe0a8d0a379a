#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "data/row_origin.h"

namespace millrace::engine {

// What becomes of a table's row that cannot be decoded or computed.
enum class OnRejection : uint8_t {
  kReport,  // staged for JobOptions::errors
  kSkip,    // counted
  kFail,    // ends the job
};

// Rejection: a row that could not be decoded, converted or computed, as sys.errors shows it. Staged
// in the epoch's unit like any output: neither lost nor told twice.
struct Rejection {
  ErrorCode code = ErrorCode::kMalformedRow;
  std::string reason;  // one sentence
  std::string table;   // it was read from; the operator, where that is not known any more
  std::string place;   // "flights.json:1234567", "orders-0@42"; empty if unknown
  std::string row;     // raw bytes for decode errors, the row as JSON for later ones
  OnRejection on_rejection = OnRejection::kReport;
  // Physical row in the batch that failed. Where a RowFunction rejects, the source task makes
  // `table` and `place` from it; where an operator does, the task looks it up in `origin`, the
  // batch's, and fills all four fields above. -1: unknown.
  int64_t batch_row = -1;
  data::RowOriginPtr origin;
};

}  // namespace millrace::engine
