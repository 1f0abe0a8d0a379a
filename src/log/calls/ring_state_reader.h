#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "commit/jobs.h"
#include "log/ring/ring_files.h"
#include "log/ring/ring_space.h"
#include "log/tables/job_table.h"

namespace millrace::log {

// RingStateReader: a job's snapshots and deltas, in the order in which they apply. What settles
// while it reads is read again from its new place: values are absolute, so nothing is harmed.
class RingStateReader final : public commit::StateReader {
 public:
  RingStateReader(const JobTable& jobs, const RingFiles& files, const RingSpace& space,
                  io::Executor& executor, commit::JobId job, commit::StateFilter filter);
  void next(io::Executor& executor, io::Completion<Result<Buffer>> done) override;

 private:
  // What the tasks work on; outlives the reader.
  struct Cursor {
    const JobTable& jobs;
    const RingFiles& files;
    const RingSpace& space;
    const commit::JobId job;
    const commit::StateFilter filter;
    bool started = false;
    std::deque<StatePiece> pieces = {};
    std::vector<SegmentExtent> extents = {};  // of the piece in front, not yet read
    std::deque<Buffer> chunks = {};

    Result<Buffer> next();
    Result<void> read_piece();
    Result<void> restart(commit::Lsn from);
    Result<void> keep(Buffer delta);
  };
  io::Executor& executor_;
  const std::shared_ptr<Cursor> cursor_;
};

}  // namespace millrace::log
