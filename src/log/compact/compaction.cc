#include "log/compact/compaction.h"

#include <algorithm>
#include <set>
#include <utility>

namespace millrace::log {
namespace {

constexpr int64_t kAfterFailureMs = 60'000;

std::optional<int64_t> earlier(std::optional<int64_t> a, std::optional<int64_t> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

}  // namespace

void Compaction::written() {
  if (armed_ || stopped() || !context_.ledger.topics().any_compaction()) return;
  armed_ = true;
  io::Executor& executor = context_.executor;
  executor.post_at(executor.now() + context_.interval_ns, [this] { look(); });
}

CompactionStats Compaction::stats() const {
  return {.passes = passes_.load(std::memory_order_relaxed),
          .passes_failed = passes_failed_.load(std::memory_order_relaxed),
          .bytes_read = bytes_read_.load(std::memory_order_relaxed),
          .bytes_written = bytes_written_.load(std::memory_order_relaxed)};
}

void Compaction::look() {
  if (stopped()) return;
  const int64_t now_ms = context_.clock.wall_us() / 1000;
  best_.reset();
  std::set<commit::PartitionId> there;
  const TopicTable& topics = context_.ledger.topics();
  const commit::TopicDefaults defaults = topics.defaults();
  for (const commit::Topic& topic : topics.with_compaction()) {
    const auto rules = compaction_of(topic, defaults);
    if (!rules) continue;
    for (uint32_t index = 0; index < topic.partitions; ++index) {
      const PartitionPtr partition = context_.ledger.partition({topic.id, index});
      if (partition == nullptr || partition->quarantined()) continue;
      there.insert(partition->id());
      consider(partition, *rules, now_ms);
    }
  }
  std::erase_if(known_, [&](const auto& each) { return !there.contains(each.first); });
  if (!best_) return rest();
  begin();
}

void Compaction::consider(const PartitionPtr& partition, const CompactionRules& rules,
                          int64_t now_ms) {
  const auto [found, is_new] = known_.try_emplace(partition->id());
  Known& known = found->second;
  // Whatever deletions an earlier process kept, by then their time is over.
  if (is_new) {
    known.horizon_ms = now_ms + std::min(rules.delete_retention_ms, INT64_MAX - now_ms);
  }
  if (now_ms < known.not_before_ms) return;
  const bool by_time = rules.min_lag_ms > 0 || rules.max_lag_ms != INT64_MAX ||
                       (known.horizon_ms && *known.horizon_ms <= now_ms);
  const int64_t end = partition->settled_end();
  if (!by_time && end == known.idle_end && rules == known.idle_rules) return;
  auto plan = plan_compaction(partition->settled_prefix(), rules, now_ms, known.horizon_ms);
  known.idle_end = plan ? -1 : end;
  known.idle_rules = rules;
  if (!plan || (best_ && best_->plan.dirty_ratio >= plan->dirty_ratio)) return;
  best_ = Candidate{partition, std::move(*plan), rules};
}

void Compaction::begin() {
  Candidate candidate = *std::exchange(best_, std::nullopt);
  CompactionSubject subject{
      .aborted = candidate.partition->aborted_ranges(),
      .producers = std::as_const(*candidate.partition).producers().last_batches(),
      .now_ms = context_.clock.wall_us() / 1000,
      .delete_retention_ms = candidate.rules.delete_retention_ms};
  pass_ =
      std::make_unique<CompactionPass>(std::move(candidate.partition), std::move(candidate.plan),
                                       std::move(subject), context_.limits, context_.segments);
  step();
}

void Compaction::step() {
  if (stopped()) return pass_.reset();
  const commit::TopicId topic = pass_->partition()->id().topic;
  if (!context_.ledger.topics().compacted(topic)) return finish(Outcome::kUnwanted);
  io::Executor& executor = context_.executor;
  const io::MonotonicTime begun = executor.now();
  if (!pass_->step()) return finish(Outcome::kFailed);
  if (auto replacement = pass_->take_replacement()) {
    auto shared = std::make_shared<Replacement>(std::move(*replacement));
    return context_.writer.post(
        [this, shared = std::move(shared)]() mutable { replace(std::move(shared)); });
  }
  // Settling has its turn now, and the disk a rest as long as the step.
  const io::MonotonicTime now = executor.now();
  executor.post_at(now + (now - begun), [this] { step(); });
}

void Compaction::replace(std::shared_ptr<Replacement> replacement) {
  if (stopped()) return;
  const bool good = pass_->partition()->replace(replacement->old, std::move(replacement->by),
                                                replacement->markers_gone);
  if (good) context_.settler.add_file(replacement->file);
  context_.executor.post([this, good] {
    if (good && !pass_->done()) return step();
    finish(good ? Outcome::kDone : Outcome::kOvertaken);
  });
}

void Compaction::finish(Outcome outcome) {
  const bool good = outcome == Outcome::kDone;
  const int64_t now_ms = context_.clock.wall_us() / 1000;
  Known& known = known_[pass_->partition()->id()];
  known.not_before_ms = outcome == Outcome::kFailed ? now_ms + kAfterFailureMs : 0;
  // What a pass that was given up has replaced stays.
  known.horizon_ms = good ? pass_->horizon_ms() : earlier(known.horizon_ms, pass_->horizon_ms());
  bytes_read_.fetch_add(pass_->bytes_read(), std::memory_order_relaxed);
  bytes_written_.fetch_add(pass_->bytes_written(), std::memory_order_relaxed);
  if (outcome != Outcome::kUnwanted) {
    (good ? passes_ : passes_failed_).fetch_add(1, std::memory_order_relaxed);
  }
  pass_.reset();
  if (!good) return rest();
  // Perhaps there is more to do.
  context_.executor.post([this] { look(); });
}

// Until the next look.
void Compaction::rest() {
  context_.writer.post([this] {
    armed_ = false;
    written();
  });
}

}  // namespace millrace::log
