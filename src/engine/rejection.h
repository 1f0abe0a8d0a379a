#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace millrace::engine {

// Rejection: a row that could not be decoded, converted or computed, as sys.errors shows it. Staged
// in the epoch's unit like any output: neither lost nor told twice.
struct Rejection {
  ErrorCode code = ErrorCode::kMalformedRow;
  std::string reason;  // one sentence
  std::string table;   // the declared table, or the operator for rows that failed later
  std::string place;   // "flights.json:1234567", "orders-0@42"; empty if unknown
  std::string row;     // raw bytes for decode errors, the row as JSON for later ones
  // Physical row in the batch that failed, where a RowFunction rejects: the source task makes
  // `table` and `place` from it. -1: unknown.
  int64_t batch_row = -1;
};

}  // namespace millrace::engine
