#include "log/partitions/partition.h"

#include <algorithm>
#include <iterator>

#include "base/assert.h"
#include "commit/byte_codec.h"

namespace millrace::log {
namespace {

constexpr size_t kAbortedBytes = 3 * sizeof(int64_t);

// Whether both are one extent of one file.
bool same_place(const LogPiece& left, const LogPiece& right) {
  if (left.in_ring() || right.in_ring()) return false;
  const auto& [segment, extent] = std::get<SegmentBatches>(left.place);
  const auto& [other, other_extent] = std::get<SegmentBatches>(right.place);
  return segment == other && extent.position == other_extent.position;
}

}  // namespace

uint64_t LogPiece::bytes() const {
  if (const auto* batch = std::get_if<RingBatch>(&place)) return batch->bytes;
  return std::get<SegmentBatches>(place).extent.bytes;
}

bool LogPiece::compacted() const {
  const auto* settled = std::get_if<SegmentBatches>(&place);
  return settled != nullptr && settled->extent.kind == FrameKind::kCompacted;
}

LogPiece settled_piece(const SegmentPtr& segment, const SegmentExtent& extent, int64_t base_offset,
                       commit::Lsn lsn) {
  return {base_offset, base_offset + extent.records, extent.max_timestamp_ms, lsn,
          SegmentBatches{segment, extent}};
}

int64_t Partition::assign(uint32_t records) {
  const int64_t base = next_offset_;
  next_offset_ += records;
  return base;
}

int64_t Partition::start_offset() const {
  const std::lock_guard lock(mutex_);
  return start_offset_;
}

void Partition::publish(LogPiece piece, int32_t leader_epoch) {
  const std::lock_guard lock(mutex_);
  MILLRACE_ASSERT(piece.base_offset == published_end_);
  published_end_ = piece.end_offset;
  if (epochs_->begins(leader_epoch)) {
    auto epochs = std::make_shared<commit::LeaderEpochs>(*epochs_);
    epochs->begin(leader_epoch, piece.base_offset);
    epochs_ = std::move(epochs);
  }
  pieces_.push_back(std::move(piece));
  find_stable();
}

void Partition::raise_start(int64_t offset) {
  const std::lock_guard lock(mutex_);
  start_offset_ = std::max(start_offset_, std::min(offset, published_end_));
  auto epochs = std::make_shared<commit::LeaderEpochs>(*epochs_);
  epochs->raise_start(start_offset_);
  epochs_ = std::move(epochs);
  drop_before_start();
}

void Partition::drop_before_start() {
  while (!pieces_.empty() && pieces_.front().end_offset <= start_offset_) pieces_.pop_front();
  std::erase_if(aborted_,
                [&](const AbortedRange& range) { return range.last_offset < start_offset_; });
}

int64_t Partition::retained_start(std::optional<int64_t> oldest_ms,
                                  std::optional<uint64_t> bytes_min) const {
  const std::lock_guard lock(mutex_);
  uint64_t bytes = 0;
  if (bytes_min) {
    for (const LogPiece& piece : pieces_) bytes += piece.bytes();
  }
  int64_t start = start_offset_;
  for (const LogPiece& piece : pieces_) {
    if (piece.in_ring() || piece.end_offset > shown_.stable) break;
    const bool old =
        oldest_ms && piece.max_timestamp_ms >= 0 && piece.max_timestamp_ms < *oldest_ms;
    const bool too_much = bytes_min && bytes - piece.bytes() >= *bytes_min;
    if (!old && !too_much) break;
    bytes -= std::min(bytes, piece.bytes());
    start = piece.end_offset;
  }
  return start;
}

std::optional<int64_t> Partition::first_timestamp_ms() const {
  const std::lock_guard lock(mutex_);
  if (pieces_.empty() || pieces_.front().in_ring()) return std::nullopt;
  if (pieces_.front().max_timestamp_ms < 0) return std::nullopt;
  return pieces_.front().max_timestamp_ms;
}

void Partition::find_stable() {
  published_stable_ = published_end_;
  for (const auto& [producer, first] : open_) {
    published_stable_ = std::min(published_stable_, first);
  }
}

void Partition::note_transaction(const ProducerBatch& batch, int64_t base_offset) {
  if (!batch.transactional) return;
  const std::lock_guard lock(mutex_);
  if (batch.marker == Marker::kNone) {
    open_.try_emplace(batch.producer_id, base_offset);
  } else if (const auto open = open_.find(batch.producer_id); open != open_.end()) {
    if (batch.marker == Marker::kAbort) {
      aborted_.push_back({batch.producer_id, open->second, base_offset});
    }
    open_.erase(open);
  }
  find_stable();
}

std::vector<commit::AbortedTransaction> Partition::aborted(int64_t from, int64_t to) const {
  std::vector<commit::AbortedTransaction> found;
  {
    const std::lock_guard lock(mutex_);
    for (const AbortedRange& range : aborted_) {
      if (range.last_offset < from || range.first_offset >= to) continue;
      found.push_back({range.producer_id, range.first_offset});
    }
  }
  std::ranges::sort(found, {}, &commit::AbortedTransaction::first_offset);
  return found;
}

std::vector<std::pair<io::Executor*, io::Wake>> Partition::show(commit::Lsn lsn,
                                                                commit::Lsn visible_before) {
  const std::lock_guard lock(mutex_);
  // Everybody takes `visible_before` or `lsn` from now on; older moments are over.
  shown_ = {shown_.end, published_end_, shown_.stable, published_stable_, visible_before, lsn};
  std::vector<std::pair<io::Executor*, io::Wake>> ended;
  std::erase_if(watches_, [&](Waiting& waiting) {
    const int64_t end = waiting.committed ? published_stable_ : published_end_;
    if (waiting.offset >= std::max(end, start_offset_)) return false;
    ended.emplace_back(waiting.executor, std::move(waiting.wake));
    return true;
  });
  return ended;
}

std::optional<PartitionBounds> Partition::bounds(commit::Lsn visible) const {
  const std::lock_guard lock(mutex_);
  if (visible < shown_.before_lsn) return std::nullopt;
  const bool newest = visible >= shown_.lsn;
  const int64_t stable = newest ? shown_.stable : shown_.before_stable;
  return PartitionBounds{start_offset_, newest ? shown_.end : shown_.before_end,
                         std::max(stable, start_offset_)};
}

std::vector<LogPiece> Partition::find(int64_t offset, int64_t end, uint64_t bytes_max) const {
  const std::lock_guard lock(mutex_);
  auto at = std::ranges::upper_bound(pieces_, offset, {}, &LogPiece::end_offset);
  std::vector<LogPiece> found;
  uint64_t bytes = 0;
  for (; at != pieces_.end() && at->base_offset < end; ++at) {
    if (!found.empty() && bytes + at->bytes() > bytes_max) break;
    bytes += at->bytes();
    found.push_back(*at);
  }
  return found;
}

std::optional<LogPiece> Partition::find_time(int64_t timestamp_ms, int64_t from_offset) const {
  const std::lock_guard lock(mutex_);
  for (const LogPiece& piece : pieces_) {
    if (piece.end_offset > from_offset && piece.max_timestamp_ms >= timestamp_ms) return piece;
  }
  return std::nullopt;
}

commit::PartitionSize Partition::size() const {
  commit::PartitionSize size;
  const std::lock_guard lock(mutex_);
  for (const LogPiece& piece : pieces_) {
    (piece.in_ring() ? size.ring_bytes : size.file_bytes) += piece.bytes();
  }
  return size;
}

std::deque<LogPiece>::const_iterator Partition::first_unsettled() const {
  return std::ranges::partition_point(
      pieces_, [&](const LogPiece& piece) { return piece.lsn <= settled_lsn_; });
}

std::vector<LogPiece> Partition::unsettled(commit::Lsn through) const {
  const std::lock_guard lock(mutex_);
  std::vector<LogPiece> found;
  for (auto piece = first_unsettled(); piece != pieces_.end() && piece->lsn <= through; ++piece) {
    if (piece->in_ring()) found.push_back(*piece);
  }
  return found;
}

void Partition::settle(commit::Lsn through, std::vector<LogPiece> settled) {
  if (settled.empty()) return;
  const std::lock_guard lock(mutex_);
  const auto first = first_unsettled();
  settled_lsn_ = through;
  std::deque<LogPiece> kept(first, pieces_.cend());
  pieces_.erase(first, pieces_.end());
  std::erase_if(kept,
                [&](const LogPiece& piece) { return piece.in_ring() && piece.lsn <= through; });
  std::ranges::merge(settled, kept, std::back_inserter(pieces_), {}, &LogPiece::base_offset,
                     &LogPiece::base_offset);
  drop_before_start();
}

std::deque<LogPiece>::const_iterator Partition::prefix_end() const {
  return std::ranges::find_if(pieces_, [&](const LogPiece& piece) {
    return piece.in_ring() || piece.end_offset > shown_.stable;
  });
}

std::vector<LogPiece> Partition::settled_prefix() const {
  const std::lock_guard lock(mutex_);
  return {pieces_.begin(), prefix_end()};
}

int64_t Partition::settled_end() const {
  const std::lock_guard lock(mutex_);
  const auto end = prefix_end();
  return end == pieces_.begin() ? start_offset_ : std::prev(end)->end_offset;
}

std::vector<AbortedRange> Partition::aborted_ranges() const {
  const std::lock_guard lock(mutex_);
  return aborted_;
}

bool Partition::replace(const std::vector<LogPiece>& old, std::vector<LogPiece> by,
                        const std::set<int64_t>& gone) {
  const std::lock_guard lock(mutex_);
  const auto first =
      std::ranges::lower_bound(pieces_, old.front().base_offset, {}, &LogPiece::base_offset);
  const auto left = static_cast<size_t>(pieces_.end() - first);
  if (left < old.size() || !std::equal(old.begin(), old.end(), first, same_place)) return false;
  const auto at = pieces_.erase(first, first + static_cast<ptrdiff_t>(old.size()));
  pieces_.insert(at, std::make_move_iterator(by.begin()), std::make_move_iterator(by.end()));
  std::erase_if(aborted_,
                [&](const AbortedRange& range) { return gone.contains(range.last_offset); });
  return true;
}

void Partition::add_settled_bytes(std::unordered_map<uint64_t, uint64_t>& by_file) const {
  const std::lock_guard lock(mutex_);
  for (const LogPiece& piece : pieces_) {
    if (piece.in_ring()) continue;
    by_file[std::get<SegmentBatches>(piece.place).segment->name().number] += piece.bytes();
  }
}

std::vector<LogPiece> Partition::settled_pieces(const std::set<uint64_t>& files) const {
  const std::lock_guard lock(mutex_);
  std::vector<LogPiece> found;
  for (const LogPiece& piece : pieces_) {
    if (piece.in_ring()) continue;
    const SegmentPtr& segment = std::get<SegmentBatches>(piece.place).segment;
    if (files.contains(segment->name().number)) found.push_back(piece);
  }
  return found;
}

bool Partition::holds(const std::vector<LogPiece>& pieces) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::all_of(pieces, [&](const LogPiece& piece) {
    if (piece.end_offset <= start_offset_) return true;
    const auto at =
        std::ranges::lower_bound(pieces_, piece.base_offset, {}, &LogPiece::base_offset);
    return at != pieces_.end() && same_place(*at, piece);
  });
}

void Partition::rehome(const std::vector<LogPiece>& old, std::vector<LogPiece> by) {
  const std::lock_guard lock(mutex_);
  const auto first =
      std::ranges::lower_bound(pieces_, old.front().base_offset, {}, &LogPiece::base_offset);
  const auto last =
      std::ranges::upper_bound(pieces_, old.back().base_offset, {}, &LogPiece::base_offset);
  std::vector<LogPiece> now(first, last);
  auto next = old.begin();
  std::erase_if(now, [&](const LogPiece& piece) {
    while (next != old.end() && next->base_offset < piece.base_offset) ++next;
    return next != old.end() && same_place(*next, piece);
  });
  std::ranges::move(by, std::back_inserter(now));
  std::ranges::sort(now, {}, &LogPiece::base_offset);
  const auto at = pieces_.erase(first, last);
  pieces_.insert(at, std::make_move_iterator(now.begin()), std::make_move_iterator(now.end()));
  drop_before_start();
}

void Partition::restore(int64_t start_offset, int64_t end_offset, std::vector<LogPiece> pieces) {
  const std::lock_guard lock(mutex_);
  start_offset_ = start_offset;
  next_offset_ = published_end_ = published_stable_ = end_offset;
  shown_ = {end_offset, end_offset, end_offset, end_offset, {}, {}};
  pieces_.assign(std::make_move_iterator(pieces.begin()), std::make_move_iterator(pieces.end()));
  for (const LogPiece& piece : pieces_) settled_lsn_ = std::max(settled_lsn_, piece.lsn);
  drop_before_start();
}

void Partition::restore_epochs(commit::LeaderEpochs epochs) {
  const std::lock_guard lock(mutex_);
  epochs_ = std::make_shared<const commit::LeaderEpochs>(std::move(epochs));
}

std::shared_ptr<const commit::LeaderEpochs> Partition::leader_epochs() const {
  const std::lock_guard lock(mutex_);
  return epochs_;
}

std::string Partition::snapshot_transactions() const {
  commit::ByteWriter to;
  to.bytes(producers_.snapshot());
  const std::lock_guard lock(mutex_);
  to.number(static_cast<uint32_t>(aborted_.size()));
  for (const AbortedRange& range : aborted_) {
    to.number(range.producer_id);
    to.number(range.first_offset);
    to.number(range.last_offset);
  }
  return to.take();
}

Result<void> Partition::restore_transactions(std::string_view snapshot) {
  commit::ByteReader from(snapshot);
  MILLRACE_TRY(producers_.restore(from.bytes()));
  const std::lock_guard lock(mutex_);
  for (auto left = from.count(kAbortedBytes); left > 0; --left) {
    AbortedRange range;
    range.producer_id = from.number<int64_t>();
    range.first_offset = from.number<int64_t>();
    range.last_offset = from.number<int64_t>();
    aborted_.push_back(range);
  }
  for (const auto& [id, state] : producers_.producers()) {
    if (state.open_offset >= 0) open_[id] = state.open_offset;
  }
  find_stable();
  shown_.before_stable = shown_.stable = published_stable_;
  if (from.finished()) return {};
  return Error(ErrorCode::kRingDamaged, "the transactions in the checkpoint have another layout");
}

bool Partition::complete() const {
  const std::lock_guard lock(mutex_);
  int64_t expected = start_offset_;
  for (const LogPiece& piece : pieces_) {
    const bool in_front = expected == start_offset_ && piece.base_offset <= expected;
    if (!in_front && piece.base_offset != expected) return false;
    if (piece.end_offset <= expected) return false;
    expected = piece.end_offset;
  }
  return expected == published_end_;
}

void Partition::quarantine(Error why) {
  const std::lock_guard lock(mutex_);
  quarantined_ = std::move(why);
}

std::optional<Error> Partition::quarantined() const {
  const std::lock_guard lock(mutex_);
  return quarantined_;
}

bool Partition::add_watch(uint64_t key, int64_t offset, commit::Isolation isolation,
                          io::Executor& executor, io::Wake& wake) {
  const bool committed = isolation == commit::Isolation::kReadCommitted;
  const std::lock_guard lock(mutex_);
  if (offset < (committed ? shown_.stable : shown_.end) || quarantined_) return false;
  watches_.push_back({key, offset, committed, &executor, std::move(wake)});
  return true;
}

void Partition::remove_watch(uint64_t key) {
  const std::lock_guard lock(mutex_);
  std::erase_if(watches_, [&](const Waiting& waiting) { return waiting.key == key; });
}

std::vector<std::pair<io::Executor*, io::Wake>> Partition::take_watches() {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<io::Executor*, io::Wake>> ended;
  for (Waiting& waiting : watches_) ended.emplace_back(waiting.executor, std::move(waiting.wake));
  watches_.clear();
  return ended;
}

}  // namespace millrace::log
