#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "commit/ids.h"
#include "log/inspect/names.h"
#include "log/ring/ring_scan.h"

namespace millrace::log {

// RingLoss: what stands in the ring from one entry on, as far as it can be read: behind a break of
// the chain, too. A plain value.
struct RingLoss {
  struct Offsets {
    int64_t first = 0;
    int64_t last = 0;
    uint64_t records = 0;
  };

  RingPoint point;  // in front of the first entry that goes
  commit::Lsn first;
  commit::Lsn last;   // the newest entry of which anything was found
  uint64_t read = 0;  // entries that could be read
  std::map<commit::PartitionId, Offsets> records;
  std::map<commit::JobId, std::pair<commit::Epoch, commit::Epoch>> commits;
  uint64_t commands = 0;
  std::vector<uint64_t> groups;  // addresses of the groups that begin with one of these entries

  // "LSN 12 to 40, of which 3 cannot be read: orders-0, offsets 7 to 90 (84 records); …".
  std::string to_string(const Names& names) const;
};

// What giving up `from` and all entries after it would lose, if a checkpoint holds the effect of
// all up to `settled`. Reads the ring from `begin` on. REQUIRES: begin.next_lsn <= from.
//
// Threading:  blocks; nobody writes meanwhile.
// Failure:    kInvalidOption: the chain ends before `from`; what reading gives.
Result<RingLoss> find_loss(const RingFiles& files, const RingPoint& begin, commit::Lsn from,
                           commit::Lsn settled);

}  // namespace millrace::log
