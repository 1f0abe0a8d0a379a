#include "log/calls/read_ahead.h"

#include <algorithm>
#include <iterator>

namespace millrace::log {

// Guarded by the mutex of the ReadAhead that has it, but for what is constant.
struct ReadStream {
  explicit ReadStream(commit::PartitionId id) : partition(id) {}

  const commit::PartitionId partition;
  int64_t next = 0;  // where the next read is expected
  io::Executor* executor = nullptr;
  io::MonotonicTime used;
  uint64_t turn = 0;      // counts those who took it
  bool placed = false;    // can be found; else somebody reads, or it is forgotten
  bool followed = false;  // a read came where one was expected
  bool reading = false;   // a task reads ahead for it
  std::deque<LoadedPiece> held;
  uint64_t held_bytes = 0;
  std::list<std::shared_ptr<ReadStream>>::iterator by_use;
};

namespace {

// The first of the pieces, and those behind it that follow each other in its file. Fails if the
// first is damaged; of the others those in front of a damaged one.
Result<std::deque<LoadedPiece>> load_run(std::span<const LogPiece> pieces,
                                         const commit::LeaderEpochs& epochs) {
  const auto& [segment, first] = std::get<SegmentBatches>(pieces[0].place);
  uint64_t bytes = first.bytes;
  size_t count = 1;
  for (; count < pieces.size() && !pieces[count].in_ring(); ++count) {
    const auto& [file, extent] = std::get<SegmentBatches>(pieces[count].place);
    if (file != segment || extent.position != first.position + bytes) break;
    if (bytes + extent.bytes > ReadAhead::kChunkBytes) break;
    bytes += extent.bytes;
  }
  const Buffer all = MILLRACE_TRY(segment->read_bytes(first.position, bytes));
  std::deque<LoadedPiece> run;
  for (const LogPiece& piece : pieces.first(count)) {
    const SegmentExtent& extent = std::get<SegmentBatches>(piece.place).extent;
    LoadedPiece loaded{.file = segment->name().number,
                       .position = extent.position,
                       .bytes = extent.bytes,
                       .memory_bytes = 0,
                       .base_offset = piece.base_offset,
                       .end_offset = piece.end_offset,
                       .batches = {}};
    auto done = for_each_batch(piece, all.slice(extent.position - first.position, extent.bytes),
                               epochs, [&](PlacedBatch batch) -> Result<void> {
                                 loaded.batches.push_back(std::move(batch));
                                 return {};
                               });
    if (!done && run.empty()) return std::move(done.error());
    if (!done) break;
    run.push_back(std::move(loaded));
  }
  run.back().memory_bytes = bytes;
  return run;
}

uint64_t memory_of(const std::deque<LoadedPiece>& pieces) {
  uint64_t bytes = 0;
  for (const LoadedPiece& piece : pieces) bytes += piece.memory_bytes;
  return bytes;
}

}  // namespace

bool LoadedPiece::is(const LogPiece& piece) const {
  const auto* place = std::get_if<SegmentBatches>(&piece.place);
  return place != nullptr && place->segment->name().number == file &&
         place->extent.position == position && place->extent.bytes == bytes &&
         piece.base_offset == base_offset && piece.end_offset == end_offset;
}

Result<const LoadedPiece*> ReadAhead::Turn::load(std::span<const LogPiece> pieces,
                                                 const commit::LeaderEpochs& epochs) {
  used_ = true;
  const auto found = std::ranges::find_if(
      loaded_, [&](const LoadedPiece& loaded) { return loaded.is(pieces[0]); });
  held_pieces_ -= std::min(held_pieces_, static_cast<size_t>(found - loaded_.begin()));
  loaded_.erase(loaded_.begin(), found);
  if (loaded_.empty()) {
    loaded_ = MILLRACE_TRY(load_run(pieces, epochs));
    file_bytes_ += memory_of(loaded_);
  }
  return &loaded_.front();
}

io::Executor* ReadAhead::executor_of(const std::vector<commit::PartitionRead>& reads) const {
  const std::lock_guard lock(mutex_);
  if (streams_.empty()) return nullptr;
  for (const commit::PartitionRead& read : reads) {
    const auto found = streams_.find({read.partition, read.offset});
    if (found != streams_.end()) return found->second->executor;
  }
  return nullptr;
}

ReadAhead::Turn ReadAhead::take(commit::PartitionId partition, int64_t offset) {
  Turn turn;
  const std::lock_guard lock(mutex_);
  const auto found = streams_.find({partition, offset});
  if (found == streams_.end()) return turn;
  turn.stream_ = found->second;
  displace(turn.stream_);
  ++turn.stream_->turn;
  turn.stream_->followed = true;
  turn.loaded_ = std::move(turn.stream_->held);
  turn.held_pieces_ = turn.loaded_.size();
  drop_held(*turn.stream_);
  return turn;
}

void ReadAhead::finish(Turn turn, const PartitionPtr& partition, int64_t next, int64_t end,
                       io::Executor& executor) {
  // Whoever reads the ring only needs nothing read for him.
  if (!turn.used_) return;
  std::deque<LoadedPiece>& rest = turn.loaded_;
  while (!rest.empty() && rest.front().end_offset <= next) rest.pop_front();
  StreamPtr stream =
      turn.stream_ ? std::move(turn.stream_) : std::make_shared<ReadStream>(partition->id());
  {
    const std::lock_guard lock(mutex_);
    file_bytes_ += turn.file_bytes_;
    if (streams_.contains({stream->partition, next})) return;
    stream->next = next;
    stream->executor = &executor;
    stream->used = executor.now();
    place(stream);
    if (make_room(memory_of(rest), stream->used)) hold(*stream, std::move(rest));
    if (!stream->followed || stream->reading || next >= end) return;
    stream->reading = true;
  }
  executor.post([this, stream = std::move(stream), partition, end, &executor] {
    read_on(stream, partition, end, executor);
  });
}

void ReadAhead::read_on(const StreamPtr& stream, const PartitionPtr& partition, int64_t end,
                        io::Executor& executor) {
  uint64_t turn = 0;
  int64_t from = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto begin = begin_chunk(*stream, end, executor.now());
    stream->reading = begin.has_value();
    if (!begin) return;
    from = *begin;
    turn = stream->turn;
  }
  std::deque<LoadedPiece> loaded;
  const auto pieces = partition->find(from, end, kChunkBytes);
  if (!pieces.empty() && !pieces[0].in_ring() && !partition->quarantined()) {
    const auto epochs = partition->leader_epochs();
    if (auto run = load_run(pieces, *epochs)) loaded = std::move(*run);
  }
  {
    const std::lock_guard lock(mutex_);
    stream->reading = end_chunk(*stream, turn, std::move(loaded));
    if (!stream->reading) return;
  }
  executor.post(
      [this, stream, partition, end, &executor] { read_on(stream, partition, end, executor); });
}

std::optional<int64_t> ReadAhead::begin_chunk(ReadStream& stream, int64_t end,
                                              io::MonotonicTime now) {
  const int64_t from = stream.held.empty() ? stream.next : stream.held.back().end_offset;
  if (!stream.placed || from >= end || stream.held_bytes >= kWindowBytes ||
      !make_room(kChunkBytes, now)) {
    return std::nullopt;
  }
  held_bytes_ += kChunkBytes;
  return from;
}

bool ReadAhead::end_chunk(ReadStream& stream, uint64_t turn, std::deque<LoadedPiece> loaded) {
  held_bytes_ -= kChunkBytes;
  file_bytes_ += memory_of(loaded);
  if (!stream.placed || stream.turn != turn) return false;
  if (loaded.empty() || held_bytes_ + memory_of(loaded) > bytes_max_) return false;
  hold(stream, std::move(loaded));
  return true;
}

void ReadAhead::place(const StreamPtr& stream) {
  if (streams_.size() >= kStreamsMax) {
    const StreamPtr oldest = by_use_.back();
    displace(oldest);
    drop_held(*oldest);
  }
  streams_[{stream->partition, stream->next}] = stream;
  by_use_.push_front(stream);
  stream->by_use = by_use_.begin();
  stream->placed = true;
}

void ReadAhead::displace(const StreamPtr& stream) {
  streams_.erase({stream->partition, stream->next});
  by_use_.erase(stream->by_use);
  stream->placed = false;
}

void ReadAhead::hold(ReadStream& stream, std::deque<LoadedPiece> pieces) {
  const uint64_t bytes = memory_of(pieces);
  stream.held_bytes += bytes;
  held_bytes_ += bytes;
  std::ranges::move(pieces, std::back_inserter(stream.held));
}

void ReadAhead::drop_held(ReadStream& stream) {
  held_bytes_ -= stream.held_bytes;
  stream.held_bytes = 0;
  stream.held.clear();
}

bool ReadAhead::make_room(uint64_t bytes, io::MonotonicTime now) {
  for (auto at = by_use_.rbegin(); held_bytes_ + bytes > bytes_max_ && at != by_use_.rend(); ++at) {
    if (now - (*at)->used < kIdleNs) break;
    drop_held(**at);
  }
  return held_bytes_ + bytes <= bytes_max_;
}

uint64_t ReadAhead::held_bytes() const {
  const std::lock_guard lock(mutex_);
  return held_bytes_;
}

uint64_t ReadAhead::file_bytes() const {
  const std::lock_guard lock(mutex_);
  return file_bytes_;
}

}  // namespace millrace::log
