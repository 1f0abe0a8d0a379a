#include "log/units/snapshot_shelf.h"

#include "log/calls/reply.h"

namespace millrace::log {

void SnapshotShelf::put(commit::SnapshotId id, Finished finished) {
  const std::lock_guard lock(mutex_);
  finished_.emplace(id, std::move(finished));
}

std::optional<SnapshotShelf::Finished> SnapshotShelf::find(commit::SnapshotId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = finished_.find(id);
  if (found == finished_.end()) return std::nullopt;
  return found->second;
}

void SnapshotShelf::remove(commit::SnapshotId id) {
  const std::lock_guard lock(mutex_);
  finished_.erase(id);
}

void SnapshotShelf::remove_older(commit::JobId job, commit::Incarnation incarnation) {
  const std::lock_guard lock(mutex_);
  std::erase_if(finished_, [&](const auto& item) {
    const commit::SnapshotSpec& spec = item.second.spec;
    return spec.job == job && spec.incarnation < incarnation;
  });
}

struct RingSnapshotWriter::Dump {
  SegmentStore& segments;
  SnapshotShelf& shelf;
  StagingRoom& room;
  io::Executor& files;
  const commit::SnapshotSpec spec;

  std::mutex mutex;
  std::optional<Error> error;
  // The files' executor only.
  std::unique_ptr<SegmentWriter> file = nullptr;
  int64_t slices = 0;

  Result<void> write(Buffer slice) {
    if (file == nullptr) file = MILLRACE_TRY(segments.create());
    return file->add({.kind = FrameKind::kDelta,
                      .owner = spec.job.value(),
                      .part = spec.task.value(),
                      .first = slices++,
                      .records = 1,
                      .body = std::move(slice)});
  }
  Result<commit::SnapshotId> finish() {
    if (auto why = failed()) return std::move(*why);
    if (file == nullptr) file = MILLRACE_TRY(segments.create());
    SegmentPtr segment = MILLRACE_TRY(file->finish());
    file.reset();
    const commit::SnapshotId id(segment->name().number);
    shelf.put(id, {spec, std::move(segment)});
    return id;
  }
  std::optional<Error> failed() {
    const std::lock_guard lock(mutex);
    return error;
  }
};

RingSnapshotWriter::RingSnapshotWriter(SegmentStore& segments, SnapshotShelf& shelf,
                                       StagingRoom& room, io::Executor& files,
                                       commit::SnapshotSpec spec)
    : dump_(new Dump{segments, shelf, room, files, std::move(spec), {}, {}}) {}

Result<commit::Staged> RingSnapshotWriter::write(Buffer slice, io::Wake wake) {
  if (auto why = dump_->failed()) return std::move(*why);
  const uint64_t bytes = slice.bytes();
  if (!dump_->room.take(bytes, wake)) return commit::Staged::kFull;
  dump_->files.post([dump = dump_, slice = std::move(slice), bytes]() mutable {
    if (!dump->failed()) {
      Result<void> written = dump->write(std::move(slice));
      const std::lock_guard lock(dump->mutex);
      if (!written) dump->error = std::move(written.error());
    }
    dump->room.give_back(bytes);
  });
  return commit::Staged::kAccepted;
}

void RingSnapshotWriter::finish(io::Executor& executor,
                                io::Completion<Result<commit::SnapshotId>> done) {
  dump_->files.post([dump = dump_, &executor, done = std::move(done)]() mutable {
    reply(executor, std::move(done), dump->finish());
  });
}

}  // namespace millrace::log
