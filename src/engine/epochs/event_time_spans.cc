#include "engine/epochs/event_time_spans.h"

#include <algorithm>

namespace millrace::engine {
namespace {

constexpr int64_t kOneSpanUs = 1'000;

int64_t difference(Timestamp later, Timestamp earlier) {
  int64_t between = 0;
  if (!__builtin_sub_overflow(later, earlier, &between)) return between;
  return later > earlier ? INT64_MAX : INT64_MIN;
}

}  // namespace

void EventTimeSpans::add(EventTimeSpan span) {
  if (span.rows == 0) return;
  if (!spans_.empty()) {
    EventTimeSpan& last = spans_.back();
    const EventTimeSpan both{std::min(last.least, span.least), std::max(last.most, span.most),
                             last.rows + span.rows};
    if (spans_.size() == kSpansMax || difference(both.most, both.least) <= kOneSpanUs) {
      last = both;
      return;
    }
  }
  spans_.push_back(span);
}

void EventTimeSpans::tell(Timestamp committed, LogHistogram& latency) const {
  for (const EventTimeSpan& span : spans_) {
    latency.add_evenly(difference(committed, span.most), difference(committed, span.least),
                       span.rows);
  }
}

}  // namespace millrace::engine
