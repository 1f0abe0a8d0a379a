#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "engine/dataflow.h"
#include "engine/epochs/event_time_spans.h"
#include "engine/in/decoded_rows.h"
#include "engine/in/head.h"
#include "engine/in/split_time.h"
#include "engine/row_functions.h"

namespace millrace::engine {

// One shard of a SourceSpec, instantiated.
struct SourceShard {
  std::string id;
  std::string table;
  std::shared_ptr<Source> source;
  bool bounded = false;
  std::unique_ptr<RowProjection> projection;
  std::unique_ptr<RowFilter> filter;
  std::unique_ptr<EventTime> event_time;
  int64_t granularity_us = 1;
  int64_t far_future_us = 0;
  int64_t idle_timeout_us = 0;
  double rows_per_second = 0;  // this shard's share
  OnRejection on_rejection = OnRejection::kReport;
  std::function<std::string(const data::Batch&, uint32_t row)> row_text;
  uint32_t ordinal = 0;  // among the job's sources
};

// SourceRows: what happens to a decoded batch before it is cut: computed columns, event time, the
// check for times too far ahead, the filter, and what is rejected on the way.
//
// Threading:  confined to its task.
// Failure:    rows are rejected; the staging fails the job where the table says so.
class SourceRows {
 public:
  SourceRows(SourceShard& shard, HeadContext& context);

  // `notice_far_future` is cleared when the split has given its notice.
  Result<void> prepare(data::Batch batch, const std::shared_ptr<const SplitNumber>& split,
                       int64_t first_row, bool& notice_far_future);
  void reject(Rejection rejection, const std::string& place);

  // After prepare: all rows that have a time, with it (no rows where the table has none)…
  SplitTime::Rows timed() const {
    return {times_, watermarks_, selected_ ? selection_.data() : nullptr, timed_count_};
  }
  // … when they happened…
  const EventTimeSpan& span() const { return span_; }
  // … and those of them that pass the filter.
  data::Batch& passed() { return passed_; }

 private:
  Result<data::Batch> check_far_future(data::Batch batch, const Split& split, int64_t first_row,
                                       bool& notice);
  void measure(const data::Batch& batch);
  void remember_timed(const data::Batch& batch);
  void drain_rejections(const Split& split, int64_t first_row);

  SourceShard& shard_;
  HeadContext& context_;
  const std::shared_ptr<const SourceNaming> naming_;
  data::Batch passed_;
  EventTimeSpan span_;
  uint32_t timed_count_ = 0;
  bool selected_ = false;
  std::vector<uint16_t> selection_;
  std::vector<Timestamp> times_;
  std::vector<Timestamp> watermarks_;
  std::vector<Rejection> rejections_;
};

}  // namespace millrace::engine
