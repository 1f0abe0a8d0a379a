#include "log/log.h"

#include <fmt/core.h>

#include <optional>
#include <utility>

#include "log/calls/ring_appender.h"
#include "log/calls/ring_jobs.h"
#include "log/calls/ring_proposals.h"
#include "log/calls/ring_reader.h"
#include "log/compact/compaction.h"
#include "log/data_format.h"
#include "log/recovery/replay.h"
#include "log/ring/ring_files.h"
#include "log/ring/ring_writer.h"
#include "log/settle/checkpoint.h"
#include "log/settle/retention.h"
#include "log/settle/segment_store.h"
#include "log/settle/settler.h"
#include "log/tables/ledger.h"
#include "log/units/ring_unit.h"

namespace millrace::log {
namespace {

Result<void> put_file(io::FileSystem& files, const std::string& path, std::string_view text,
                      bool sync) {
  const auto bytes = std::as_bytes(std::span(text));
  if (sync) return io::replace_file(files, path, bytes);
  const auto file = MILLRACE_TRY(files.open(path, io::OpenMode::kCreate));
  MILLRACE_TRY(file->truncate(0));
  return file->write_at(0, bytes);
}

Result<void> check_format(io::FileSystem& files, const std::string& folder, bool sync) {
  const auto found = check_format_line(files, folder);
  if (found || found.error().code() != ErrorCode::kFileNotFound) return found;
  const std::string path = io::join_path(folder, kFormatName);
  if (!MILLRACE_TRY(files.list(folder)).empty() && files.stat(io::join_path(folder, "ring"))) {
    return Error(ErrorCode::kVersionMismatch, "the data directory does not tell its format")
        .at(path)
        .remedy("Restore it from a backup.");
  }
  MILLRACE_TRY(put_file(files, path, kFormatLine, sync));
  if (!sync) return {};
  const std::string_view parent = io::parent_path(folder);
  return files.sync_folder(parent.empty() ? std::string(".") : std::string(parent));
}

// A folder that was used before has a ring: without it, what it held would silently be gone.
Result<void> check_ring_exists(io::FileSystem& files, const std::string& folder,
                               uint32_t last_generation) {
  if (last_generation == 0) return {};
  const std::string ring = io::join_path(folder, "ring");
  const auto names = files.list(ring);
  if (names && !names->empty()) return {};
  return Error(ErrorCode::kRingDamaged, "there is no file of the ring")
      .at(ring)
      .remedy(
          "Restore a backup, or name an empty folder; `millrace log repair` shows what can be "
          "kept.");
}

// What the torn tail may have left is overwritten before anything of this generation is written.
Result<void> cut_tail(RingFiles& files, const RingSpace& space, const RecoveredRing& ring) {
  const uint64_t group = files.group_bytes_max();
  const uint64_t head = round_up(ring.end.address, kBlockBytes);
  if (ring.cut_in_group && head != ring.end.address) {
    MILLRACE_TRY(files.zero(ring.end.address, head - ring.end.address));
    MILLRACE_TRY(files.sync(ring.end.address));
  }
  const auto zero = [&](uint64_t address, uint64_t bytes) -> Result<uint64_t> {
    const uint64_t free = std::min(space.free_from(address), bytes);
    if (free == 0) return 0;
    MILLRACE_TRY(files.zero(address, free));
    MILLRACE_TRY(files.sync(address));
    return free;
  };
  const uint64_t here = MILLRACE_TRY(zero(head, group + kBlockBytes));
  if (here >= group) return {};
  if (head < files.capacity()) MILLRACE_TRY(zero(files.file_end(head), group + kBlockBytes));
  MILLRACE_TRY(zero(0, group + kBlockBytes));
  return {};
}

}  // namespace

struct Log::Parts {
  io::World world;
  LogOptions options;
  std::unique_ptr<io::FileLock> lock;
  std::unique_ptr<RingFiles> files;
  std::unique_ptr<SegmentStore> segments;
  std::unique_ptr<Ledger> ledger;
  RecoveredRing recovered;
  uint32_t generation = 0;
  SnapshotShelf snapshots;
  std::unique_ptr<StagingRoom> spill_room;

  // Destroyed by Log, before what they work on.
  std::vector<std::unique_ptr<io::Executor>> readers;
  std::unique_ptr<io::Executor> settle_executor;
  std::unique_ptr<io::Executor> files_executor;
  std::unique_ptr<io::Executor> write_executor;

  std::unique_ptr<RingWriter> writer;
  std::unique_ptr<Settler> settler;
  std::unique_ptr<UnitContext> units;
  std::unique_ptr<RingAppender> appender;
  std::unique_ptr<RingProposals> proposals;
  std::unique_ptr<Retention> retention;
  std::unique_ptr<Compaction> compaction;
  std::unique_ptr<RingTopics> topics;
  std::unique_ptr<RingReader> reader;
  std::unique_ptr<RingJobs> jobs;

  Result<void> recover();
  void start(const std::optional<Checkpoint>& checkpoint);
  std::unique_ptr<Settler> make_settler(const std::optional<Checkpoint>& checkpoint);
  std::unique_ptr<Compaction> make_compaction();
};

Result<std::unique_ptr<Log>> Log::open(io::World world, LogOptions options) {
  auto parts = std::unique_ptr<Parts>(new Parts{.world = world, .options = std::move(options)});
  MILLRACE_TRY(parts->recover());
  return std::unique_ptr<Log>(new Log(std::move(parts)));
}

Result<void> Log::Parts::recover() {
  io::FileSystem& file_system = world.files;
  const std::string& folder = options.folder;
  MILLRACE_TRY(file_system.make_folders(folder));
  lock = MILLRACE_TRY(file_system.lock(io::join_path(folder, kLockName)));
  MILLRACE_TRY(check_format(file_system, folder, options.sync));
  const uint32_t last_generation = MILLRACE_TRY(read_generation(file_system, folder));
  const std::string checkpoint_folder = io::join_path(folder, "checkpoint");
  MILLRACE_TRY(file_system.make_folders(checkpoint_folder));
  const auto checkpoint = MILLRACE_TRY(load_checkpoint(file_system, checkpoint_folder));
  segments = MILLRACE_TRY(
      SegmentStore::open(file_system, io::join_path(folder, "segments"), options.sync));
  MILLRACE_TRY(check_ring_exists(file_system, folder, last_generation));
  files = MILLRACE_TRY(RingFiles::open(file_system, {.folder = io::join_path(folder, "ring"),
                                                     .first_bytes = options.ring_bytes,
                                                     .bytes_max = options.ring_bytes_max,
                                                     .sync = options.sync}));
  if (options.sync) {
    // A process that was killed may have left names and blocks that were never synced: what this
    // start builds on must not go with the next power loss.
    MILLRACE_TRY(file_system.sync_folder(folder));
    MILLRACE_TRY(file_system.sync_folder(checkpoint_folder));
    MILLRACE_TRY(files->sync_all());
    MILLRACE_TRY(files->drop_cache());
  }
  ledger = std::make_unique<Ledger>(options.machines);
  recovered = MILLRACE_TRY(Replay(*files, *segments, *ledger).run(checkpoint));
  MILLRACE_TRY(segments->remove(segments->unnamed()));
  generation = std::max(last_generation, recovered.generation) + 1;
  const RingSpace space(*files, recovered.end, recovered.live);
  MILLRACE_TRY(cut_tail(*files, space, recovered));
  MILLRACE_TRY(put_file(file_system, io::join_path(folder, kGenerationName),
                        generation_text(generation), options.sync));
  start(checkpoint);
  return {};
}

void Log::Parts::start(const std::optional<Checkpoint>& checkpoint) {
  write_executor = world.threads.start({.name = "log-write", .nice = 0});
  settle_executor = world.threads.start({.name = "log-settle", .nice = 5});
  files_executor = world.threads.start({.name = "log-files", .nice = 0});
  std::vector<io::Executor*> reader_executors;
  for (uint32_t i = 0; i < std::max(options.readers, 1U); ++i) {
    readers.push_back(world.threads.start({.name = fmt::format("log-read-{}", i), .nice = 0}));
    reader_executors.push_back(readers.back().get());
  }
  spill_room = std::make_unique<StagingRoom>(options.staging_bytes_max);
  const RingWriterOptions writer_options{
      .sync = options.sync,
      .generation = generation,
      .content_lsn = recovered.content_lsn,
      .seal_after_ns = options.seal_after_ns,
      .carried_ns_max = options.carried_ns_max,
      .unsettled_bytes_max = options.unsettled_bytes_max,
      .unit_queue_bytes_max = options.staging_bytes_max,
      .on_fatal = options.on_fatal,
      .on_written =
          [this] {
            settler->written();
            retention->written();
            compaction->written();
          },
  };
  writer = std::make_unique<RingWriter>(*files, *ledger, writer_options, recovered.end,
                                        recovered.live, *write_executor);
  settler = make_settler(checkpoint);
  units = std::unique_ptr<UnitContext>(new UnitContext{
      *writer, *ledger, *segments, snapshots, *spill_room, *files_executor,
      std::min(options.unit_ring_bytes_max, files->capacity() / 8), options.spill_file_bytes});
  appender = std::make_unique<RingAppender>(*writer, *ledger);
  proposals = std::make_unique<RingProposals>(*writer, *ledger);
  retention = std::make_unique<Retention>(RetentionContext{world.clock, *ledger, *proposals,
                                                           *write_executor, *settle_executor,
                                                           options.retention_interval_ns});
  compaction = make_compaction();
  topics = std::make_unique<RingTopics>(*proposals, *ledger, [this] {
    write_executor->post([this] {
      retention->written();
      compaction->written();
    });
  });
  reader =
      std::make_unique<RingReader>(*ledger, *files, writer->space(), leader_epoch_of(generation),
                                   reader_executors, options.read_ahead_bytes_max);
  jobs = std::make_unique<RingJobs>(*units, *proposals, *files, *reader_executors[0]);
  write_executor->post([this] {
    // What is damaged leaves the ring, so that it can be given up alone.
    if (!recovered.damages.empty()) settler->settle_now();
    settler->written();
    retention->written();
    compaction->written();
  });
}

std::unique_ptr<Settler> Log::Parts::make_settler(const std::optional<Checkpoint>& checkpoint) {
  return std::make_unique<Settler>(
      SettlerContext{
          world.files,
          *files,
          *segments,
          *ledger,
          *writer,
          *settle_executor,
          world.clock,
          io::join_path(options.folder, "checkpoint"),
          generation,
          options.unsettled_bytes_max,
          options.producer_expiration_ms,
          options.sync ? options.settle_idle_ns : 0,
          {.own_file_bytes = options.own_file_bytes, .files_min = options.merge_files_min}},
      checkpoint ? checkpoint->generation : 0,
      checkpoint ? checkpoint->segments : std::vector<Checkpoint::SegmentUse>(),
      std::move(recovered.named));
}

std::unique_ptr<Compaction> Log::Parts::make_compaction() {
  return std::make_unique<Compaction>(
      CompactionContext{.clock = world.clock,
                        .ledger = *ledger,
                        .segments = *segments,
                        .settler = *settler,
                        .writer = *write_executor,
                        .executor = *settle_executor,
                        .interval_ns = options.compaction_interval_ns,
                        .limits = {.key_bytes_max = options.compaction_key_bytes_max,
                                   .file_bytes = options.compaction_file_bytes}});
}

Log::Log(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Log::~Log() {
  // The executors post to each other: the writer falls silent first and goes last.
  io::Notification silent;
  parts_->write_executor->post([this, &silent] {
    parts_->settler->stop();
    parts_->retention->stop();
    parts_->compaction->stop();
    parts_->writer->close(Error(ErrorCode::kUnavailable, "the log has been closed"));
    silent.set();
  });
  parts_->world.threads.wait(silent);
  parts_->readers.clear();
  parts_->settle_executor.reset();
  parts_->files_executor.reset();
  parts_->write_executor.reset();
}

commit::Jobs& Log::jobs() {
  return *parts_->jobs;
}
commit::Appender& Log::appender() {
  return *parts_->appender;
}
commit::Reader& Log::reader() {
  return *parts_->reader;
}
commit::Topics& Log::topics() {
  return *parts_->topics;
}
commit::Proposals& Log::proposals() {
  return *parts_->proposals;
}

commit::Capabilities Log::capabilities() const {
  constexpr uint32_t kOpenUnits = 64;
  return {.atomic_scope = commit::AtomicScope::kJob, .open_units_max = kOpenUnits};
}

LogStatus Log::status() {
  const RingWriter& writer = *parts_->writer;
  return {.visible = parts_->ledger->visible(),
          .ring_bytes = parts_->files->capacity(),
          .unsettled_bytes = writer.space().live_bytes(),
          .groups_written = writer.groups_written(),
          .checkpoint_generation = parts_->settler->generation(),
          .node_generation = parts_->generation,
          .damages = parts_->recovered.damages,
          .compaction = parts_->compaction->stats(),
          .group_bytes = writer.group_bytes(),
          .sync_ns = writer.sync_ns(),
          .segment_bytes_written = parts_->segments->bytes_written(),
          .merged_bytes_written = parts_->settler->merger().bytes_written(),
          .reads = parts_->reader->stats()};
}

}  // namespace millrace::log
