#include "testing/memory_log_jobs.h"

#include <algorithm>

#include "base/assert.h"
#include "commit/delta.h"

namespace millrace::testing {

using commit::Staged;

class MemoryCommitLog::MemoryUnit final : public commit::Unit {
 public:
  MemoryUnit(Store& store, const MemoryLogOptions& options, commit::UnitSpec spec)
      : store_(store), options_(options), spec_(spec) {}

  ~MemoryUnit() override { abort(); }

  Result<Staged> stage(commit::PartitionId partition, commit::RecordBatch batch,
                       io::Wake wake) override {
    if (MILLRACE_TRY(refuses(wake))) return Staged::kFull;
    const std::lock_guard lock(store_.mutex);
    batches_.emplace_back(partition, std::move(batch));
    return Staged::kAccepted;
  }

  Result<Staged> stage_state(commit::TaskId task, Buffer delta, io::Wake wake) override {
    if (MILLRACE_TRY(refuses(wake))) return Staged::kFull;
    const auto reader = MILLRACE_TRY(commit::DeltaReader::open(delta));
    MILLRACE_TRY(reader.for_each({}, [](const commit::DeltaEntry&) { return Result<void>(); }));
    const std::lock_guard lock(store_.mutex);
    deltas_.push_back({task, spec_.epoch, std::move(delta)});
    return Staged::kAccepted;
  }

  Result<void> adopt_snapshot(commit::SnapshotId snapshot) override {
    const std::lock_guard lock(store_.mutex);
    MILLRACE_ASSERT(store_.snapshots.contains(snapshot));
    snapshots_.push_back(snapshot);
    return {};
  }

  void commit(commit::Positions positions, commit::Tick tick, io::Executor& executor,
              io::Completion<Result<commit::Committed>> done) override {
    Result<commit::Committed> result = commit_now(std::move(positions), tick);
    executor.post([done = std::move(done), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  }

  void abort() override {
    const std::lock_guard lock(store_.mutex);
    if (std::exchange(ended_, true)) return;
    --store_.open_units;
  }

 private:
  Result<bool> refuses(io::Wake& wake) {
    {
      const std::lock_guard lock(store_.mutex);
      MILLRACE_ASSERT(!ended_);
      MILLRACE_TRY(store_.current_job(spec_.job, spec_.incarnation));
      ++store_.stages;
      if (options_.full_every == 0 || store_.stages % options_.full_every != 0) return false;
    }
    wake();
    return true;
  }

  Result<commit::Committed> commit_now(commit::Positions positions, commit::Tick tick) {
    const std::lock_guard lock(store_.mutex);
    MILLRACE_ASSERT(!ended_);
    ended_ = true;
    --store_.open_units;
    if (options_.fail_commit) {
      if (std::optional<Error> error = options_.fail_commit(spec_)) return std::move(*error);
    }
    Store::Job& job = *MILLRACE_TRY(store_.current_job(spec_.job, spec_.incarnation));
    MILLRACE_ASSERT(spec_.epoch == job.last_epoch.next());
    commit::Committed committed;
    committed.lsn = store_.next_lsn();
    job.last_epoch = spec_.epoch;
    job.tick = tick;
    for (commit::SplitPosition& position : positions.splits) {
      const std::pair key(position.source, position.split);
      if (position.removed) {
        job.positions.erase(key);
      } else {
        job.positions[key] = std::move(position);
      }
    }
    std::ranges::move(deltas_, std::back_inserter(job.state));
    for (const commit::SnapshotId snapshot : snapshots_) cover(job, snapshot);
    for (const commit::SnapshotId snapshot : snapshots_) adopt(job, snapshot);
    for (const auto& [partition, batch] : batches_) {
      if (store_.topics.contains(partition.topic)) {
        store_.append(partition, batch);
      } else if (std::ranges::find(committed.dropped, partition.topic) == committed.dropped.end()) {
        committed.dropped.push_back(partition.topic);
      }
    }
    ++store_.commits;
    store_.wake_watchers();
    return committed;
  }

  void cover(Store::Job& job, commit::SnapshotId id) const {
    const commit::SnapshotSpec& spec = store_.snapshots.at(id).spec;
    std::erase_if(job.state, [&](const Store::StateChunk& chunk) {
      const bool replaced = std::ranges::find(spec.replaces, chunk.task) != spec.replaces.end();
      return (replaced || chunk.task == spec.task) && chunk.epoch <= spec.begun;
    });
  }

  void adopt(Store::Job& job, commit::SnapshotId id) {
    const Store::Snapshot snapshot = std::move(store_.snapshots.at(id));
    store_.snapshots.erase(id);
    ++store_.snapshots_adopted;
    std::vector<Store::StateChunk> state;
    for (const Buffer& slice : snapshot.slices) {
      state.push_back({snapshot.spec.task, snapshot.spec.begun, slice});
    }
    std::ranges::move(job.state, std::back_inserter(state));
    job.state = std::move(state);
  }

  Store& store_;
  const MemoryLogOptions& options_;
  const commit::UnitSpec spec_;
  bool ended_ = false;
  std::vector<std::pair<commit::PartitionId, commit::RecordBatch>> batches_;
  std::vector<Store::StateChunk> deltas_;
  std::vector<commit::SnapshotId> snapshots_;
};

class MemoryCommitLog::MemoryStateReader final : public commit::StateReader {
 public:
  explicit MemoryStateReader(std::vector<Buffer> chunks) : chunks_(std::move(chunks)) {}
  void next(io::Executor& executor, io::Completion<Result<Buffer>> done) override {
    Buffer chunk = next_ < chunks_.size() ? chunks_[next_++] : Buffer();
    executor.post(
        [done = std::move(done), chunk = std::move(chunk)]() mutable { done(std::move(chunk)); });
  }

 private:
  std::vector<Buffer> chunks_;
  size_t next_ = 0;
};

class MemoryCommitLog::MemorySnapshotWriter final : public commit::SnapshotWriter {
 public:
  MemorySnapshotWriter(Store& store, const MemoryLogOptions& options, commit::SnapshotSpec spec)
      : store_(store), options_(options), snapshot_{std::move(spec), {}} {}
  Result<Staged> write(Buffer slice, io::Wake) override {
    snapshot_.slices.push_back(std::move(slice));
    return Staged::kAccepted;
  }
  void finish(io::Executor& executor, io::Completion<Result<commit::SnapshotId>> done) override {
    const std::lock_guard lock(store_.mutex);
    Result<commit::SnapshotId> result = commit::SnapshotId(++store_.last_id);
    if (options_.fail_snapshot) {
      if (std::optional<Error> error = options_.fail_snapshot(true)) result = std::move(*error);
    }
    if (result) store_.snapshots[*result] = std::move(snapshot_);
    executor.post([done = std::move(done), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  }

 private:
  Store& store_;
  const MemoryLogOptions& options_;
  Store::Snapshot snapshot_;
};

void MemoryCommitLog::JobsPart::open_job(std::string name, io::Executor& executor,
                                         io::Completion<Result<commit::OpenedJob>> done) {
  const std::lock_guard lock(store_.mutex);
  Store::Job* job = nullptr;
  for (auto& [id, each] : store_.jobs) {
    if (each.name == name) job = &each;
  }
  if (job == nullptr) {
    const commit::JobId id(++store_.last_id);
    job = &store_.jobs[id];
    job->id = id;
    job->name = std::move(name);
  }
  job->incarnation = job->incarnation.next();
  const commit::OpenedJob opened{job->id, job->incarnation};
  executor.post([done = std::move(done), opened]() mutable { done(opened); });
}

void MemoryCommitLog::JobsPart::drop_job(std::string name, io::Executor& executor,
                                         io::Completion<Result<void>> done) {
  const std::lock_guard lock(store_.mutex);
  std::erase_if(store_.jobs, [&](const auto& entry) { return entry.second.name == name; });
  executor.post([done = std::move(done)]() mutable { done({}); });
}

commit::RecoveredJob MemoryCommitLog::JobsPart::recovered(const Store::Job& job) {
  commit::RecoveredJob recovered;
  recovered.name = job.name;
  recovered.incarnation = job.incarnation;
  recovered.last_epoch = job.last_epoch;
  recovered.tick = job.tick;
  for (const auto& [key, position] : job.positions) recovered.positions.splits.push_back(position);
  for (const Store::StateChunk& chunk : job.state) {
    recovered.delta_bytes += chunk.delta.bytes();
    recovered.tasks.push_back(chunk.task);
  }
  std::ranges::sort(recovered.tasks);
  recovered.tasks.erase(std::ranges::unique(recovered.tasks).begin(), recovered.tasks.end());
  return recovered;
}

std::vector<commit::RecoveredJob> MemoryCommitLog::JobsPart::list() {
  const std::lock_guard lock(store_.mutex);
  std::vector<commit::RecoveredJob> all;
  for (const auto& [id, job] : store_.jobs) all.push_back(recovered(job));
  return all;
}

Result<commit::RecoveredJob> MemoryCommitLog::JobsPart::recover(commit::JobId id) {
  const std::lock_guard lock(store_.mutex);
  const Store::Job* job = store_.find_job(id);
  if (job == nullptr) return Error(ErrorCode::kFenced, "the job was dropped");
  return recovered(*job);
}

Result<std::unique_ptr<commit::StateReader>> MemoryCommitLog::JobsPart::read_state(
    commit::JobId id, commit::StateFilter filter) {
  const std::lock_guard lock(store_.mutex);
  const Store::Job* job = store_.find_job(id);
  if (job == nullptr) return Error(ErrorCode::kFenced, "the job was dropped");
  std::vector<Buffer> chunks;
  for (const Store::StateChunk& chunk : job->state) {
    commit::DeltaBuilder builder;
    const auto reader = MILLRACE_TRY(commit::DeltaReader::open(chunk.delta));
    MILLRACE_TRY(reader.for_each(filter.groups, [&](const commit::DeltaEntry& entry) {
      const bool wanted = filter.states.empty() ||
                          std::ranges::find(filter.states, entry.state) != filter.states.end();
      if (wanted) builder.add(entry);
      return Result<void>();
    }));
    if (!builder.empty()) chunks.push_back(builder.finish());
  }
  return std::unique_ptr<commit::StateReader>(
      std::make_unique<MemoryStateReader>(std::move(chunks)));
}

Result<std::unique_ptr<commit::Unit>> MemoryCommitLog::JobsPart::begin(commit::UnitSpec spec) {
  const std::lock_guard lock(store_.mutex);
  const Store::Job& job = *MILLRACE_TRY(store_.current_job(spec.job, spec.incarnation));
  MILLRACE_ASSERT(spec.epoch > job.last_epoch);
  MILLRACE_ASSERT(store_.open_units < options_.open_units_max);
  ++store_.open_units;
  return std::unique_ptr<commit::Unit>(std::make_unique<MemoryUnit>(store_, options_, spec));
}

Result<std::unique_ptr<commit::SnapshotWriter>> MemoryCommitLog::JobsPart::begin_snapshot(
    commit::SnapshotSpec spec) {
  const std::lock_guard lock(store_.mutex);
  MILLRACE_TRY(store_.current_job(spec.job, spec.incarnation));
  if (options_.fail_snapshot) {
    if (std::optional<Error> error = options_.fail_snapshot(false)) return std::move(*error);
  }
  return std::unique_ptr<commit::SnapshotWriter>(
      std::make_unique<MemorySnapshotWriter>(store_, options_, std::move(spec)));
}

}  // namespace millrace::testing
