#include "engine/in/source_rows.h"

#include <fmt/core.h>

#include <algorithm>

#include "data/value.h"

namespace millrace::engine {
namespace {

std::string time_text(Timestamp time) {
  return data::to_string(data::Value(time), data::Type::timestamp(3));
}

}  // namespace

SourceRows::SourceRows(SourceShard& shard, HeadContext& context)
    : shard_(shard),
      context_(context),
      naming_(std::make_shared<SourceNaming>(SourceNaming{.table = shard.table,
                                                          .source = shard.source,
                                                          .ordinal = shard.ordinal,
                                                          .on_rejection = shard.on_rejection,
                                                          .row_text = shard.row_text})) {}

void SourceRows::reject(Rejection rejection, const std::string& place) {
  if (rejection.table.empty()) rejection.table = shard_.table;
  if (rejection.place.empty()) rejection.place = place;
  rejection.on_rejection = shard_.on_rejection;
  context_.staging.reject(std::move(rejection));
}

void SourceRows::drain_rejections(const Split& split, int64_t first_row) {
  for (Rejection& rejection : rejections_) {
    const std::string place = rejection.batch_row < 0
                                  ? split.name
                                  : shard_.source->place(split, first_row + rejection.batch_row);
    reject(std::move(rejection), place);
  }
  rejections_.clear();
}

Result<void> SourceRows::prepare(data::Batch batch, const std::shared_ptr<const SplitNumber>& split,
                                 int64_t first_row, bool& notice_far_future) {
  TaskCounters::add(context_.counters.rows_in, batch.size());
  if (shard_.projection) {
    batch = MILLRACE_TRY(shard_.projection->project(std::move(batch), rejections_));
  }
  if (shard_.row_text) {
    batch = std::move(batch).with_origin(
        std::make_shared<DecodedRows>(batch.columns(), batch.schema(), split, first_row, naming_));
  }
  if (shard_.event_time) {
    times_.resize(batch.rows());
    watermarks_.resize(batch.rows());
    batch = MILLRACE_TRY(
        shard_.event_time->evaluate(std::move(batch), times_, watermarks_, rejections_));
    measure(batch);
    batch = MILLRACE_TRY(
        check_far_future(std::move(batch), split->split, first_row, notice_far_future));
    remember_timed(batch);
  }
  if (shard_.filter && !batch.empty()) {
    batch = MILLRACE_TRY(shard_.filter->filter(std::move(batch), rejections_));
  }
  passed_ = std::move(batch);
  if (!rejections_.empty()) drain_rejections(split->split, first_row);
  return {};
}

void SourceRows::measure(const data::Batch& batch) {
  span_ = {.rows = batch.size()};
  batch.for_each_row([&](uint32_t row) {
    span_.least = std::min(span_.least, times_[row]);
    span_.most = std::max(span_.most, times_[row]);
  });
}

// The cut looks at all of these rows after the batch itself has gone on.
void SourceRows::remember_timed(const data::Batch& batch) {
  timed_count_ = batch.size();
  selected_ = batch.has_selection();
  if (selected_) selection_.assign(batch.selection(), batch.selection() + batch.size());
}

Result<data::Batch> SourceRows::check_far_future(data::Batch batch, const Split& split,
                                                 int64_t first_row, bool& notice) {
  if (shard_.far_future_us <= 0 || batch.empty()) return batch;
  const int64_t now = context_.clock.wall_us();
  const Timestamp ahead = shard_.far_future_us;
  const Timestamp limit = now > kTimeMax - ahead ? kTimeMax : now + ahead;
  if (span_.most <= limit || (shard_.bounded && !notice)) return batch;

  Buffer kept = Buffer::allocate(batch.size() * sizeof(uint16_t));
  uint32_t count = 0;
  batch.for_each_row([&](uint32_t row) {
    if (times_[row] <= limit) {
      kept.mutable_as<uint16_t>()[count++] = static_cast<uint16_t>(row);
      return;
    }
    const std::string reason =
        fmt::format("the event time {} lies more than {} s ahead of the clock",
                    time_text(times_[row]), ahead / 1'000'000);
    if (!shard_.bounded) {
      Rejection rejection;
      rejection.code = ErrorCode::kEventTimeTooFar;
      rejection.reason = reason;
      rejection.row = shard_.event_time->row_as_json(batch, row);
      rejection.batch_row = row;
      rejections_.push_back(std::move(rejection));
    } else if (notice) {
      notice = false;
      context_.reports->notice(Error(ErrorCode::kEventTimeTooFar, reason)
                                   .at(shard_.source->place(split, first_row + row)));
    }
  });
  if (shard_.bounded) return batch;
  batch = std::move(batch).with_selection(std::move(kept), count);
  measure(batch);
  return batch;
}

}  // namespace millrace::engine
