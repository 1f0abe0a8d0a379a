#include "commit/committed_filter.h"

namespace millrace::commit {

bool CommittedFilter::counts(const record::BatchHeader& header) {
  while (next_ < to_come_.size() && to_come_[next_].first_offset <= header.last_offset()) {
    aborting_.insert(to_come_[next_++].producer_id);
  }
  if (header.control()) {
    aborting_.erase(header.producer_id);
    return false;
  }
  return !header.transactional() || !aborting_.contains(header.producer_id);
}

}  // namespace millrace::commit
