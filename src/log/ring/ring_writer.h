#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/histogram.h"
#include "io/executor.h"
#include "log/ring/group_builder.h"
#include "log/ring/ring_files.h"
#include "log/ring/ring_space.h"
#include "log/ring/submission.h"
#include "log/tables/ledger.h"

namespace millrace::log {

struct RingWriterOptions {
  bool sync = true;
  uint32_t generation = 1;
  commit::Lsn content_lsn;  // of the last entry at the start that changes anything
  int64_t seal_after_ns = 2 * io::kNsPerMs;
  int64_t carried_ns_max = 10 * io::kNsPerMs;  // what does not hurry waits so long at the most
  uint64_t unsettled_bytes_max = 256 << 20;    // above it, appends and stages wait
  uint64_t unit_queue_bytes_max = 16 << 20;
  // The ring cannot be trusted any more: the process must stop. Once, on the writer.
  std::function<void(const Error&)> on_fatal;
  // Something was written, or finds no room: whoever settles may look. On the writer.
  std::function<void()> on_written;
};

// RingWriter: the one who writes the ring: takes submissions, forms groups, writes and syncs them
// one at a time, then lets them take effect. While a group is being synced the next one queues up.
//
// Threading:  submit, room_for_stages from anywhere; what is marked so, on the writer's executor
//             only.
// Ownership:  files, ledger and executor outlive it; its tasks on the executor must have ended
//             before it is destroyed.
// Failure:    kSyncFailed to everybody in the group and the queue; nothing is acknowledged after
//             it.
class RingWriter {
 public:
  RingWriter(RingFiles& files, Ledger& ledger, RingWriterOptions options, RingPoint end,
             std::deque<GroupRecord> live, io::Executor& executor);

  void submit(Lane lane, Submission submission);
  // False: too much is queued for units; `wake` runs when that has changed.
  bool room_for_stages(io::Wake& wake);
  // The largest body that an entry may have.
  uint64_t body_bytes_max() const;
  uint64_t group_bytes_max() const { return files_.group_bytes_max(); }
  // Why nothing is taken any more.
  std::optional<Error> failure() const;

  io::Executor& executor() { return executor_; }
  const RingSpace& space() const { return space_; }

  // On the writer's executor.
  void release(commit::Lsn first_kept);
  // An entry of which not all fragments are written begins here.
  std::optional<commit::Lsn> unfinished_lsn() const;
  // The unit of a commit that is admitted, but not wholly written; or null.
  OpenUnitPtr committing() const;
  // Settling cannot go on for this reason: what finds no room is refused with it; nullopt: it goes
  // on.
  void set_space_error(std::optional<Error> error);
  bool stalled() const { return stalled_; }
  // The last entry that changes anything (no seal, no `settled`), and when it was written.
  commit::Lsn content_lsn() const { return content_lsn_; }
  io::MonotonicTime content_time() const { return content_time_; }
  // From anywhere.
  uint64_t groups_written() const { return groups_written_.load(std::memory_order_relaxed); }
  // Bytes of groups, and how long their syncs took in nanoseconds.
  HistogramCounts group_bytes() const { return group_bytes_.counts(); }
  HistogramCounts sync_ns() const { return sync_ns_.counts(); }

  // On the writer's executor. Refuses everything from now on, and answers what is queued with
  // `why`.
  void stop(Error why);
  // The same, after the last group has got its seal: damage to it is not taken for a torn tail.
  void close(Error why);

 private:
  struct LaneQueue {
    std::deque<Submission> queue;
    uint64_t bytes = 0;
    size_t carried = 0;
    bool hurries() const { return queue.size() > carried; }
  };
  // The entry that is being written, perhaps over several groups.
  struct Current {
    Submission submission;
    size_t next_cut = 0;
    std::vector<RingPiece> pieces;
    commit::Lsn first_lsn;
  };

  void schedule();
  void schedule_carried();
  void work();
  bool fill_group();
  std::optional<Submission> pop();
  bool room_for(const Submission& submission, Lane lane) const;
  bool begin_group(uint64_t wanted);
  bool admit(Submission submission);
  // What was written before is answered when that is durable.
  void answer_duplicate(Submission submission);
  bool emit();
  void write_group();
  void publish();
  void arm_seal();
  void write_seal();
  void fail(Error error);
  void refuse_waiting();
  void answer(Submission& submission, Result<void> result);
  LaneQueue& lane(Lane lane) { return lanes_[static_cast<size_t>(lane)]; }

  RingFiles& files_;
  Ledger& ledger_;
  const RingWriterOptions options_;
  io::Executor& executor_;
  RingSpace space_;
  GroupBuilder group_;

  mutable std::mutex mutex_;
  LaneQueue lanes_[3];
  std::vector<io::Wake> stage_wakes_;
  bool scheduled_ = false;
  bool carried_scheduled_ = false;
  std::optional<Error> failure_;

  // The writer's own.
  std::optional<Current> current_;
  std::vector<Submission> in_group_;    // wholly written with the group that is being formed
  std::vector<Submission> duplicates_;  // of what may be in that group
  commit::Lsn durable_;
  commit::Lsn content_lsn_;
  io::MonotonicTime content_time_;
  bool group_open_ = false;
  bool close_group_ = false;
  bool stalled_ = false;
  bool seal_armed_ = false;
  bool last_was_seal_ = true;
  io::MonotonicTime last_written_;
  std::atomic<uint64_t> groups_written_{0};
  Histogram group_bytes_{kSizeBoundsBytes};
  Histogram sync_ns_{kDurationBoundsNs};
  std::optional<Error> space_error_;
};

}  // namespace millrace::log
