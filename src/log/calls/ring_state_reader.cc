#include "log/calls/ring_state_reader.h"

#include <algorithm>

#include "commit/delta.h"
#include "log/calls/reply.h"

namespace millrace::log {

RingStateReader::RingStateReader(const JobTable& jobs, const RingFiles& files,
                                 const RingSpace& space, io::Executor& executor, commit::JobId job,
                                 commit::StateFilter filter)
    : executor_(executor), cursor_(new Cursor{jobs, files, space, job, std::move(filter)}) {}

void RingStateReader::next(io::Executor& executor, io::Completion<Result<Buffer>> done) {
  executor_.post([cursor = cursor_, &executor, done = std::move(done)]() mutable {
    reply(executor, std::move(done), cursor->next());
  });
}

Result<Buffer> RingStateReader::Cursor::next() {
  if (!started) {
    started = true;
    MILLRACE_TRY(restart(commit::Lsn()));
  }
  while (chunks.empty() && !pieces.empty()) MILLRACE_TRY(read_piece());
  if (chunks.empty()) return Buffer();
  Buffer chunk = std::move(chunks.front());
  chunks.pop_front();
  return chunk;
}

// Goes on from the first piece that may hold something of a commit at `from` or later.
Result<void> RingStateReader::Cursor::restart(commit::Lsn from) {
  const std::vector<StatePiece> all = MILLRACE_TRY(jobs.pieces(job));
  const auto first =
      std::ranges::find_if(all, [&](const StatePiece& piece) { return piece.lsn >= from; });
  pieces.assign(first, all.end());
  extents.clear();
  return {};
}

Result<void> RingStateReader::Cursor::read_piece() {
  const StatePiece piece = pieces.front();
  if (const auto* ref = std::get_if<RingRef>(&piece.place)) {
    auto body = files.read_body(*ref);
    if (space.oldest_lsn() > ref->first_lsn) return restart(piece.lsn);
    if (!body) return std::move(body.error());
    pieces.pop_front();
    return keep(std::move(*body));
  }
  const SegmentPtr& segment = std::get<SegmentPtr>(piece.place);
  if (extents.empty()) {
    for (const SegmentExtent& extent : segment->extents()) {
      const bool own = extent.kind == FrameKind::kDelta && extent.owner == job.value() &&
                       extent.part == piece.task.value();
      if (own) extents.push_back(extent);
    }
    std::ranges::reverse(extents);
  }
  if (!extents.empty()) {
    const SegmentExtent extent = extents.back();
    extents.pop_back();
    MILLRACE_TRY(segment->read(
        extent, [&](Frame frame) -> Result<void> { return keep(std::move(frame.body)); }));
  }
  if (extents.empty()) pieces.pop_front();
  return {};
}

// The part of the delta that the filter lets through.
Result<void> RingStateReader::Cursor::keep(Buffer delta) {
  const commit::DeltaReader reader = MILLRACE_TRY(commit::DeltaReader::open(delta));
  commit::DeltaBuilder builder;
  MILLRACE_TRY(reader.for_each(filter.groups, [&](const commit::DeltaEntry& entry) -> Result<void> {
    const bool wanted = filter.states.empty() ||
                        std::ranges::find(filter.states, entry.state) != filter.states.end();
    if (wanted) builder.add(entry);
    return {};
  }));
  if (builder.empty()) return {};
  chunks.push_back(builder.entries() == reader.entries() ? std::move(delta) : builder.finish());
  return {};
}

}  // namespace millrace::log
