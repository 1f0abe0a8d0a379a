#include "log/settle/merger.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

namespace millrace::log {
namespace {

const SegmentBatches& settled(const LogPiece& piece) {
  return std::get<SegmentBatches>(piece.place);
}

// nullopt: records of several partitions, or none.
std::optional<commit::PartitionId> only_partition(const Segment& file) {
  std::optional<commit::PartitionId> only;
  for (const SegmentExtent& extent : file.extents()) {
    if (only && *only != extent.partition()) return std::nullopt;
    only = extent.partition();
  }
  return only;
}

bool holds_records(const Segment& file) {
  return std::ranges::none_of(
      file.extents(), [](const SegmentExtent& extent) { return extent.kind == FrameKind::kDelta; });
}

}  // namespace

void Merger::look(std::vector<SegmentPtr> files, Adopt adopt) {
  if (busy_ || stopped() || files.size() < 2) return;
  busy_ = true;
  auto merge = std::make_shared<Merge>();
  merge->adopt = std::move(adopt);
  context_.executor.post(
      [this, files = std::move(files), merge]() mutable { plan(files, std::move(merge)); });
}

std::set<uint64_t> Merger::choose(const std::vector<SegmentPtr>& files) const {
  std::unordered_map<uint64_t, uint64_t> alive;
  for (const PartitionPtr& partition : context_.ledger.partitions()) {
    partition->add_settled_bytes(alive);
  }
  std::vector<MergeCandidate> candidates;
  for (const SegmentPtr& file : files) {
    const auto found = alive.find(file->name().number);
    if (found == alive.end() || !holds_records(*file)) continue;
    if (damaged_.contains(file->name().number)) continue;
    MergeCandidate& candidate = candidates.emplace_back();
    candidate.number = file->name().number;
    candidate.bytes = file->name().bytes;
    candidate.alive_bytes = found->second;
    candidate.only = only_partition(*file);
    if (candidate.only) {
      candidate.own_file_end =
          RecordFiles::own_file_end(context_.ledger.topics().segment_limits(candidate.only->topic),
                                    context_.limits.own_file_bytes);
    }
  }
  return choose_merge(candidates, context_.limits);
}

void Merger::plan(const std::vector<SegmentPtr>& files, MergePtr merge) {
  const std::set<uint64_t> chosen = stopped() ? std::set<uint64_t>() : choose(files);
  if (!chosen.empty()) {
    for (const PartitionPtr& partition : context_.ledger.partitions()) {
      Part part{.partition = partition, .old = partition->settled_pieces(chosen), .by = {}};
      if (!part.old.empty()) merge->parts.push_back(std::move(part));
    }
  }
  if (merge->parts.empty()) {
    context_.writer.post([this] { busy_ = false; });
    return;
  }
  merge->files = std::make_unique<RecordFiles>(context_.segments, context_.limits.own_file_bytes);
  step(std::move(merge));
}

void Merger::step(MergePtr merge) {
  if (stopped()) return;
  io::Executor& executor = context_.executor;
  const io::MonotonicTime begun = executor.now();
  const auto more = copy_some(*merge);
  if (!more) return give_up();
  if (*more) {
    return executor.post_at(context_.pace.next_step(begun, executor.now()),
                            [this, merge] { step(merge); });
  }
  auto written = merge->files->finish();
  if (!written) return give_up();
  merge->written = std::move(*written);
  for (const SegmentPtr& file : merge->written) {
    bytes_written_.fetch_add(file->name().bytes, std::memory_order_relaxed);
  }
  place(*merge);
  context_.writer.post([this, merge] { replace(merge); });
}

// About Pace::kStepBytes; false: there is nothing left.
Result<bool> Merger::copy_some(Merge& merge) {
  for (uint64_t copied = 0; copied < Pace::kStepBytes;) {
    if (merge.part == merge.parts.size()) return false;
    const Part& part = merge.parts[merge.part];
    if (merge.piece == 0) {
      uint64_t bytes = 0;
      for (const LogPiece& piece : part.old) bytes += piece.bytes();
      const commit::TopicId topic = part.partition->id().topic;
      MILLRACE_TRY(merge.files->begin(bytes, context_.ledger.topics().segment_limits(topic)));
    }
    const LogPiece& piece = part.old[merge.piece];
    MILLRACE_TRY(copy_piece(piece, merge));
    copied += piece.bytes();
    if (++merge.piece == part.old.size()) {
      merge.piece = 0;
      ++merge.part;
    }
  }
  return true;
}

Result<void> Merger::copy_piece(const LogPiece& piece, Merge& merge) {
  const auto& [segment, extent] = settled(piece);
  const auto read =
      segment->read(extent, [&](Frame frame) -> Result<void> { return merge.files->add(frame); });
  if (!read && read.error().code() == ErrorCode::kCorruptRecord) {
    damaged_.insert(segment->name().number);
  }
  return read;
}

// Gives the extents of what was written to the partitions that they are of.
void Merger::place(Merge& merge) {
  std::map<commit::PartitionId, Part*> parts;
  for (Part& part : merge.parts) parts[part.partition->id()] = &part;
  for (const SegmentPtr& file : merge.written) {
    for (const SegmentExtent& extent : file->extents()) {
      Part& part = *parts.at(extent.partition());
      part.by.push_back(settled_piece(file, extent, extent.first, part.old.front().lsn));
    }
  }
  for (Part& part : merge.parts) std::ranges::sort(part.by, {}, &LogPiece::base_offset);
}

void Merger::give_up() {
  context_.writer.post([this] { busy_ = false; });
}

void Merger::replace(MergePtr merge) {
  busy_ = false;
  if (stopped()) return;
  // All or none: a file that stood for some partitions only would, after a crash, win against what
  // has been written for the others meanwhile.
  for (const Part& part : merge->parts) {
    if (!part.partition->holds(part.old)) return;
  }
  for (Part& part : merge->parts) part.partition->rehome(part.old, std::move(part.by));
  merge->adopt(merge->written);
}

}  // namespace millrace::log
