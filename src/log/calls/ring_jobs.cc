#include "log/calls/ring_jobs.h"

#include "log/calls/reply.h"
#include "log/calls/ring_state_reader.h"

namespace millrace::log {

void RingJobs::open_job(std::string name, io::Executor& executor,
                        io::Completion<Result<commit::OpenedJob>> done) {
  std::vector<commit::Command> commands{JobTable::open_command(name)};
  proposals_.propose_here(std::move(commands), [this, &executor, name, done = std::move(done)](
                                                   Result<commit::Lsn> lsn) mutable {
    if (!lsn) {
      return reply<commit::OpenedJob>(executor, std::move(done), std::move(lsn.error()));
    }
    const auto opened = context_.ledger.jobs().find(name);
    context_.snapshots.remove_older(opened->job, opened->incarnation);
    reply<commit::OpenedJob>(executor, std::move(done), *opened);
  });
}

void RingJobs::drop_job(std::string name, io::Executor& executor,
                        io::Completion<Result<void>> done) {
  proposals_.propose_here({JobTable::drop_command(name)}, [&executor, done = std::move(done)](
                                                              Result<commit::Lsn> lsn) mutable {
    reply<void>(executor, std::move(done),
                lsn ? Result<void>() : Result<void>(std::move(lsn.error())));
  });
}

std::vector<commit::RecoveredJob> RingJobs::list() {
  return context_.ledger.jobs().list();
}

Result<commit::RecoveredJob> RingJobs::recover(commit::JobId job) {
  return context_.ledger.jobs().recover(job);
}

Result<std::unique_ptr<commit::StateReader>> RingJobs::read_state(commit::JobId job,
                                                                  commit::StateFilter filter) {
  MILLRACE_TRY(context_.ledger.jobs().pieces(job));
  return std::make_unique<RingStateReader>(context_.ledger.jobs(), files_, context_.writer.space(),
                                           reader_, job, std::move(filter));
}

Result<std::unique_ptr<commit::Unit>> RingJobs::begin(commit::UnitSpec spec) {
  JobTable& jobs = context_.ledger.jobs();
  MILLRACE_TRY(jobs.check_incarnation(spec.job, spec.incarnation));
  const commit::RecoveredJob job = MILLRACE_TRY(jobs.recover(spec.job));
  if (spec.epoch <= job.last_epoch) {
    return Error(ErrorCode::kInvalidArgument, "a unit of an epoch that is committed was begun");
  }
  const std::lock_guard lock(mutex_);
  // Turns of incarnations that were fenced are of no use to anybody.
  std::erase_if(turns_, [&](const auto& item) {
    return item.first.first == spec.job && item.first.second < spec.incarnation;
  });
  std::shared_ptr<CommitTurn>& turn = turns_[{spec.job, spec.incarnation}];
  if (turn == nullptr) turn = std::make_shared<CommitTurn>(job.last_epoch);
  return std::make_unique<RingUnit>(context_, spec, turn);
}

Result<std::unique_ptr<commit::SnapshotWriter>> RingJobs::begin_snapshot(
    commit::SnapshotSpec spec) {
  MILLRACE_TRY(context_.ledger.jobs().check_incarnation(spec.job, spec.incarnation));
  return std::make_unique<RingSnapshotWriter>(context_.segments, context_.snapshots,
                                              context_.spill_room, context_.files, std::move(spec));
}

}  // namespace millrace::log
