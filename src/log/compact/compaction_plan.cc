#include "log/compact/compaction_plan.h"

#include <algorithm>

namespace millrace::log {
namespace {

// Whether a record of this age is older than `lag_ms`; without a time it is.
bool lags(const LogPiece& piece, int64_t now_ms, int64_t lag_ms) {
  return piece.max_timestamp_ms < 0 || lag_ms < now_ms - piece.max_timestamp_ms;
}

}  // namespace

std::optional<CompactionPlan> plan_compaction(std::vector<LogPiece> settled,
                                              const CompactionRules& rules, int64_t now_ms,
                                              std::optional<int64_t> horizon_ms) {
  CompactionPlan plan{.pieces = std::move(settled)};
  auto& pieces = plan.pieces;
  const auto dirty = std::ranges::find_if_not(pieces, &LogPiece::compacted);
  plan.first_dirty = static_cast<size_t>(dirty - pieces.begin());
  const auto young = std::find_if(dirty, pieces.end(), [&](const LogPiece& piece) {
    return rules.min_lag_ms > 0 && !lags(piece, now_ms, rules.min_lag_ms);
  });
  pieces.erase(young, pieces.end());
  uint64_t bytes = 0;
  for (size_t i = 0; i < pieces.size(); ++i) {
    bytes += pieces[i].bytes();
    if (i >= plan.first_dirty) plan.dirty_bytes += pieces[i].bytes();
  }
  if (bytes == 0) return std::nullopt;
  plan.dirty_ratio = static_cast<double>(plan.dirty_bytes) / static_cast<double>(bytes);
  const bool deletions_may_go = horizon_ms && *horizon_ms <= now_ms;
  if (plan.dirty_bytes == 0) {
    if (deletions_may_go) return plan;
    return std::nullopt;
  }
  const bool overdue =
      rules.max_lag_ms != INT64_MAX && lags(pieces[plan.first_dirty], now_ms, rules.max_lag_ms);
  if (plan.dirty_ratio > rules.dirty_ratio_min || overdue || deletions_may_go) return plan;
  return std::nullopt;
}

}  // namespace millrace::log
