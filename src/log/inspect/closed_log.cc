#include "log/inspect/closed_log.h"

#include <utility>

#include "log/data_format.h"
#include "log/ring/ring_scan.h"

namespace millrace::log {
namespace {

Result<void> check_is_data(io::FileSystem& files, const std::string& folder) {
  MILLRACE_TRY(files.stat(folder));
  const auto checked = check_format_line(files, folder);
  if (checked || checked.error().code() != ErrorCode::kFileNotFound) return checked;
  return Error(ErrorCode::kFileNotFound, "the folder is no data directory: it has no file 'format'")
      .at(folder)
      .remedy("Name the folder that `millrace server --data` or `millrace run --data` was given.");
}

}  // namespace

bool is_damage(const Error& error) {
  return error.code() == ErrorCode::kRingDamaged || error.code() == ErrorCode::kCorruptRecord ||
         error.code() == ErrorCode::kCorruptState;
}

Result<std::unique_ptr<ClosedLog>> ClosedLog::open(io::FileSystem& files, std::string folder) {
  MILLRACE_TRY(check_is_data(files, folder));
  std::unique_ptr<ClosedLog> log(new ClosedLog(files, std::move(folder)));
  log->lock_ = MILLRACE_TRY(files.lock(io::join_path(log->folder_, "lock")));
  log->segments_ =
      MILLRACE_TRY(SegmentStore::open(files, io::join_path(log->folder_, "segments"), true));
  return log;
}

Result<void> ClosedLog::load_checkpoints(const OnCheckpoint& on_each) {
  const auto generations = checkpoint_generations(files_, checkpoint_folder());
  if (!generations && generations.error().code() == ErrorCode::kFileNotFound) return {};
  if (!generations) return generations.error();
  for (const uint64_t generation : *generations) {
    const std::string path = checkpoint_path(checkpoint_folder(), generation);
    const io::FileStat stat = MILLRACE_TRY(files_.stat(path));
    auto checkpoint = read_checkpoint(files_, checkpoint_folder(), generation);
    MILLRACE_TRY(on_each(checkpoint, stat.bytes));
    if (checkpoint) checkpoint_ = std::move(*checkpoint);
  }
  lost_ = !checkpoint_ && !generations->empty();
  return {};
}

Result<void> ClosedLog::open_ring() {
  ring_ = MILLRACE_TRY(RingFiles::open_to_read(files_, io::join_path(folder_, "ring")));
  return {};
}

Result<std::set<std::string>> ClosedLog::tags() const {
  std::set<std::string> tags;
  if (checkpoint_) {
    for (const Checkpoint::Machine& machine : checkpoint_->machines) tags.insert(machine.tag);
  }
  RingScan scan(*ring_, begin());
  while (const auto entry = MILLRACE_TRY(scan.next())) {
    if (entry->header.type != EntryType::kMeta || !entry->body_good) continue;
    const auto commands = decode_meta(entry->body.view());
    if (!commands) continue;  // one of several fragments; replaying tells
    for (const commit::Command& command : *commands) tags.insert(std::string(command.machine));
  }
  return tags;
}

Result<RecoveredRing> ClosedLog::replay(const std::set<std::string>& tags) {
  std::vector<commit::StateMachine*> all;
  for (const std::string& tag : tags) {
    if (ledger_->machines().contains(tag)) continue;
    machines_.push_back(std::make_unique<OpaqueMachine>(tag));
    all.push_back(machines_.back().get());
  }
  ledger_ = std::make_unique<Ledger>(all);
  Replay replay(*ring_, *segments_, *ledger_);
  auto recovered = replay.run(checkpoint_);
  reached_ = replay.reached();
  return recovered;
}

}  // namespace millrace::log
