#include "log/tables/job_table.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/assert.h"
#include "commit/byte_codec.h"
#include "log/ring/entry_body.h"

namespace millrace::log {

using commit::Command;
using commit::Epoch;
using commit::Incarnation;
using commit::JobId;

namespace {

constexpr std::string_view kTag = "log.jobs";
constexpr char kOpen = 'o';
constexpr char kDrop = 'd';
constexpr size_t kJobBytesMin = 40;
constexpr size_t kPositionBytesMin = 21;

Error fenced(std::string what) {
  return Error(ErrorCode::kFenced, std::move(what))
      .remedy("Another process or a later start runs this job; stop this one.");
}

}  // namespace

Command JobTable::open_command(const std::string& name) {
  return {.machine = std::string(kTag), .body = kOpen + name, .expected_version = {}};
}

Command JobTable::drop_command(const std::string& name) {
  return {.machine = std::string(kTag), .body = kDrop + name, .expected_version = {}};
}

std::string_view JobTable::tag() const {
  return kTag;
}

Result<void> JobTable::check(std::span<const Command> commands) const {
  for (const Command& command : commands) {
    if (command.body.size() < 2 || (command.body[0] != kOpen && command.body[0] != kDrop)) {
      return Error(ErrorCode::kInvalidArgument, "a job needs a name");
    }
  }
  return {};
}

void JobTable::apply(commit::Lsn, std::string_view command) {
  const std::string_view name = command.substr(1);
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name);
  if (command[0] == kDrop) {
    if (found == by_name_.end()) return;
    jobs_.erase(found->second);
    by_name_.erase(found);
    return;
  }
  JobId id;
  if (found == by_name_.end()) {
    id = JobId(next_id_++);
    by_name_[std::string(name)] = id;
    jobs_[id].id = id;
    jobs_[id].name = name;
  } else {
    id = found->second;
  }
  Job& job = jobs_.at(id);
  job.incarnation = job.incarnation.next();
  job.admitted_epoch = job.last_epoch;
}

std::string JobTable::snapshot() const {
  const std::lock_guard lock(mutex_);
  commit::ByteWriter to;
  to.number(next_id_);
  to.number(static_cast<uint32_t>(jobs_.size()));
  for (const auto& [id, job] : jobs_) {
    to.number(id.value());
    to.bytes(job.name);
    to.number(job.incarnation.value());
    to.number(job.last_epoch.value());
    to.number(job.tick.value());
    to.number(static_cast<uint32_t>(job.positions.size()));
    for (const auto& [key, position] : job.positions) encode_position(position, to);
  }
  return to.take();
}

Result<void> JobTable::restore(std::string_view snapshot) {
  const std::lock_guard lock(mutex_);
  commit::ByteReader from(snapshot);
  next_id_ = from.number<uint64_t>();
  for (auto left = from.count(kJobBytesMin); left > 0; --left) {
    const JobId id(from.number<uint64_t>());
    Job& job = jobs_[id];
    job.id = id;
    job.name = from.bytes();
    job.incarnation = Incarnation(from.number<uint64_t>());
    job.last_epoch = Epoch(from.number<uint64_t>());
    job.admitted_epoch = job.last_epoch;
    job.tick = commit::Tick(from.number<int64_t>());
    for (auto positions = from.count(kPositionBytesMin); positions > 0; --positions) {
      commit::SplitPosition position = decode_position(from);
      auto key = std::pair(position.source, position.split);
      job.positions[std::move(key)] = std::move(position);
    }
    by_name_[job.name] = id;
  }
  if (from.finished()) return {};
  return Error(ErrorCode::kRingDamaged, "the checkpoint's table of jobs is not readable");
}

std::optional<commit::OpenedJob> JobTable::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return std::nullopt;
  return commit::OpenedJob{found->second, jobs_.at(found->second).incarnation};
}

Result<void> JobTable::check_incarnation(JobId id, Incarnation incarnation) const {
  const std::lock_guard lock(mutex_);
  const auto job = jobs_.find(id);
  if (job == jobs_.end()) return fenced("the job was dropped");
  if (job->second.incarnation != incarnation) {
    return fenced(fmt::format("incarnation {} of job '{}' was fenced by incarnation {}",
                              incarnation.value(), job->second.name,
                              job->second.incarnation.value()));
  }
  return {};
}

Result<void> JobTable::admit(JobId id, Incarnation incarnation, Epoch epoch) {
  MILLRACE_TRY(check_incarnation(id, incarnation));
  const std::lock_guard lock(mutex_);
  Job& job = jobs_.at(id);
  if (epoch != job.admitted_epoch.next()) {
    return Error(ErrorCode::kInvalidArgument,
                 fmt::format("job '{}' commits epoch {} after epoch {}", job.name, epoch.value(),
                             job.admitted_epoch.value()));
  }
  job.admitted_epoch = epoch;
  return {};
}

void JobTable::cover(Job& job, const JobCommit::Snapshot& snapshot) {
  const Epoch begun = snapshot.piece.first_epoch;
  std::erase_if(job.pieces, [&](const StatePiece& old) {
    const bool replaced = old.task == snapshot.piece.task ||
                          std::ranges::find(snapshot.replaces, old.task) != snapshot.replaces.end();
    return replaced && old.last_epoch <= begun;
  });
}

void JobTable::adopt(Job& job, StatePiece snapshot) {
  // Before the first delta that is replayed over it.
  const auto later = std::ranges::find_if(
      job.pieces, [&](const StatePiece& old) { return old.task == snapshot.task; });
  job.pieces.insert(later, std::move(snapshot));
}

void JobTable::commit(JobCommit commit) {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(commit.job);
  if (found == jobs_.end()) return;
  Job& job = found->second;
  job.last_epoch = commit.epoch;
  job.tick = commit.tick;
  for (commit::SplitPosition& position : commit.positions.splits) {
    auto key = std::pair(position.source, position.split);
    if (position.removed) {
      job.positions.erase(key);
    } else {
      job.positions[std::move(key)] = std::move(position);
    }
  }
  std::ranges::move(commit.deltas, std::back_inserter(job.pieces));
  // First all, so that none covers another of the same commit.
  for (const JobCommit::Snapshot& snapshot : commit.snapshots) cover(job, snapshot);
  for (JobCommit::Snapshot& snapshot : commit.snapshots) adopt(job, std::move(snapshot.piece));
}

commit::RecoveredJob JobTable::recovered(const Job& job) const {
  commit::RecoveredJob result{.name = job.name,
                              .incarnation = job.incarnation,
                              .last_epoch = job.last_epoch,
                              .positions = {},
                              .tick = job.tick,
                              .tasks = {}};
  for (const auto& [key, position] : job.positions) result.positions.splits.push_back(position);
  for (const StatePiece& piece : job.pieces) {
    (piece.snapshot ? result.snapshot_bytes : result.delta_bytes) += piece.bytes;
    result.tasks.push_back(piece.task);
  }
  std::ranges::sort(result.tasks);
  result.tasks.erase(std::ranges::unique(result.tasks).begin(), result.tasks.end());
  return result;
}

Result<commit::RecoveredJob> JobTable::recover(JobId id) const {
  const std::lock_guard lock(mutex_);
  const auto job = jobs_.find(id);
  if (job == jobs_.end()) return fenced("the job was dropped");
  if (job->second.quarantined) return *job->second.quarantined;
  return recovered(job->second);
}

std::vector<commit::RecoveredJob> JobTable::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<commit::RecoveredJob> jobs;
  for (const auto& [name, id] : by_name_) jobs.push_back(recovered(jobs_.at(id)));
  return jobs;
}

Result<std::vector<StatePiece>> JobTable::pieces(JobId id) const {
  const std::lock_guard lock(mutex_);
  const auto job = jobs_.find(id);
  if (job == jobs_.end()) return fenced("the job was dropped");
  if (job->second.quarantined) return *job->second.quarantined;
  return job->second.pieces;
}

std::vector<JobTable::JobPieces> JobTable::all_pieces() const {
  const std::lock_guard lock(mutex_);
  std::vector<JobPieces> all;
  for (const auto& [id, job] : jobs_) {
    all.push_back({id, job.quarantined.has_value(), job.pieces});
  }
  return all;
}

void JobTable::restore_pieces(JobPieces pieces) {
  const std::lock_guard lock(mutex_);
  const auto job = jobs_.find(pieces.job);
  if (job != jobs_.end()) job->second.pieces = std::move(pieces.pieces);
}

void JobTable::settle(JobId id, commit::Lsn through, std::vector<StatePiece> settled) {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return;
  std::vector<StatePiece>& pieces = found->second.pieces;
  const auto leaves = [&](const StatePiece& piece) {
    return piece.in_ring() && piece.lsn <= through;
  };
  for (StatePiece& piece : settled) {
    const auto old = std::ranges::find_if(pieces, [&](const StatePiece& candidate) {
      return leaves(candidate) && candidate.task == piece.task &&
             candidate.first_epoch >= piece.first_epoch && candidate.last_epoch <= piece.last_epoch;
    });
    // Nothing left of the task: a snapshot has replaced it meanwhile.
    if (old != pieces.end()) pieces.insert(old, std::move(piece));
  }
  std::erase_if(pieces, leaves);
}

void JobTable::quarantine(JobId id, Error why) {
  const std::lock_guard lock(mutex_);
  const auto job = jobs_.find(id);
  if (job != jobs_.end()) job->second.quarantined = std::move(why);
}

}  // namespace millrace::log
