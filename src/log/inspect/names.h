#pragma once

#include <string>

#include "commit/ids.h"
#include "log/ring/entry.h"
#include "log/settle/segment.h"
#include "log/tables/ledger.h"

namespace millrace::log {

// Names: what people call the things that entries and frames are about.
//
// Ownership: the ledger outlives it.
class Names {
 public:
  explicit Names(Ledger& ledger) : ledger_(ledger) {}

  // "orders-0".
  std::string of(commit::PartitionId id) const;
  // "job totals".
  std::string of(commit::JobId id) const;
  // "state of job totals, task 0", "orders-0 from offset 12 on, 3 records".
  std::string of(const SegmentExtent& extent) const;
  // "orders-0, offsets 12 to 14; orders-1, offset 3"; empty: it is about the log itself.
  std::string of(const EntryHeader& header) const;

 private:
  Ledger& ledger_;
};

}  // namespace millrace::log
