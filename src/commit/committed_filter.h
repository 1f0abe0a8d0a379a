#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "commit/reader.h"
#include "record/batch_header.h"

namespace millrace::commit {

// CommittedFilter: which batches of one kReadCommitted read hold records that count: markers do
// not, nor do records of aborted transactions.
//
// Threading:  confined to one task.
// Order:      each batch of the read, in order.
class CommittedFilter {
 public:
  // `aborted`: as the read gave it.
  explicit CommittedFilter(std::span<const AbortedTransaction> aborted)
      : to_come_(aborted.begin(), aborted.end()) {}

  bool counts(const record::BatchHeader& header);

 private:
  std::vector<AbortedTransaction> to_come_;  // in order of first offsets
  size_t next_ = 0;
  std::set<int64_t> aborting_;  // producers whose records do not count until their marker
};

}  // namespace millrace::commit
