#include "log/backup/backup.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/crc32c.h"
#include "log/backup/backup_folder.h"
#include "log/backup/source_moment.h"
#include "log/data_format.h"
#include "log/tables/job_table.h"
#include "log/tables/topic_table.h"

namespace millrace::log {
namespace {

constexpr int kLooksMax = 200;
constexpr int kCopiesAheadMax = 8;
constexpr std::string_view kInternalPrefix = "__";

// Tables of the log, only to count what is in them.
class Census {
 public:
  Census() {
    topics_.on_partitions = [](const commit::Topic&) {};
    topics_.on_removed = topics_.on_partitions;
    topics_.on_start = [](commit::PartitionId, int64_t) {};
  }

  Result<void> count(SourceMoment& moment, BackupManifest& manifest) {
    for (commit::StateMachine* machine : {static_cast<commit::StateMachine*>(&topics_),
                                          static_cast<commit::StateMachine*>(&jobs_)}) {
      MILLRACE_TRY(follow(*machine, moment));
    }
    for (const commit::Topic& topic : topics_.list()) {
      if (topic.name.starts_with(kInternalPrefix)) continue;
      ++manifest.topics;
      manifest.partitions += topic.partitions;
    }
    manifest.jobs = jobs_.list().size();
    return {};
  }

 private:
  static Result<void> follow(commit::StateMachine& machine, SourceMoment& moment) {
    if (moment.checkpoint()) {
      for (const Checkpoint::Machine& saved : moment.checkpoint()->machines) {
        if (saved.tag == machine.tag()) MILLRACE_TRY(machine.restore(saved.snapshot));
      }
    }
    for (const commit::Command& command : moment.tail().commands()) {
      if (command.machine == machine.tag()) machine.apply(commit::Lsn(), command.body);
    }
    return {};
  }

  TopicTable topics_;
  JobTable jobs_;
};

class Backup {
 public:
  Backup(io::World world, const BackupOptions& options, BackupFolder& to)
      : world_(world),
        options_(options),
        to_(to),
        carrier_(world.files, options.stop, options.watch) {}

  Result<BackupOutcome> run() {
    const auto moment = MILLRACE_TRY(take_moment());
    MILLRACE_TRY(copy_open(*moment));
    for (const uint64_t number : moment->named()) manifest_.files.push_back(has_.at(number));
    MILLRACE_TRY(put_checkpoint(*moment));
    MILLRACE_TRY(put_ring(*moment));
    MILLRACE_TRY(Census().count(*moment, manifest_));
    manifest_.program = options_.program;
    manifest_.lsn = commit::Lsn(moment->tail().end().next_lsn.value() - 1);
    manifest_.generation = std::max(MILLRACE_TRY(read_generation(world_.files, options_.data)),
                                    moment->tail().generation());
    MILLRACE_TRY(carrier_.check_stop());
    MILLRACE_TRY(to_.finish(manifest_));
    return BackupOutcome{std::move(manifest_), copied_bytes_};
  }

 private:
  Result<std::unique_ptr<SourceMoment>> take_moment();
  Result<std::vector<SegmentName>> missing(const Checkpoint& checkpoint);
  Result<void> copy_ahead(const std::vector<SegmentName>& names);
  Result<void> copy_open(SourceMoment& moment);
  Result<void> copy_segment(uint64_t number, io::File& from, const io::FileStat& stat);
  Result<void> put_checkpoint(const SourceMoment& moment);
  Result<void> put_ring(SourceMoment& moment);
  Result<uint32_t> put_file(const std::string& path, const std::vector<Buffer>& content);

  const io::World world_;
  const BackupOptions& options_;
  BackupFolder& to_;
  FileCarrier carrier_;
  BackupManifest manifest_;
  std::map<uint64_t, BackupFile> has_;  // segment files that are in the folder, by number
  uint64_t copied_bytes_ = 0;
};

Result<std::unique_ptr<SourceMoment>> Backup::take_moment() {
  int copies = 0;
  for (int look = 0; look < kLooksMax; ++look) {
    MILLRACE_TRY(carrier_.check_stop());
    manifest_.made_us = world_.clock.wall_us();
    const auto checkpoint = MILLRACE_TRY(newest_checkpoint(world_.files, options_.data));
    if (checkpoint) {
      const auto names = MILLRACE_TRY(missing(*checkpoint));
      if (names.size() > options_.open_files_max && copies++ < kCopiesAheadMax) {
        MILLRACE_TRY(copy_ahead(names));
        continue;
      }
    }
    auto moment = std::make_unique<SourceMoment>(
        world_.files, options_.data, [this](uint64_t number) { return has_.contains(number); });
    if (MILLRACE_TRY(moment->take(checkpoint))) return moment;
  }
  return Error(ErrorCode::kUnavailable,
               fmt::format("the data directory changed {} times while it was looked at", kLooksMax))
      .at(options_.data)
      .remedy("Run the command again, when less is written or the machine is less busy.");
}

// Files that the folder does not hold yet. One that cannot be found is among them.
Result<std::vector<SegmentName>> Backup::missing(const Checkpoint& checkpoint) {
  std::vector<SegmentName> names;
  for (const SegmentName& name : named_by(checkpoint)) {
    if (has_.contains(name.number)) continue;
    const auto stat = world_.files.stat(segment_path(options_.data, name.number));
    const BackupFile* same = nullptr;
    if (stat) same = MILLRACE_TRY(to_.same_as(segment_path("", name.number), *stat));
    if (same != nullptr) {
      has_[name.number] = *same;
    } else {
      names.push_back(name);
    }
  }
  return names;
}

// What is removed meanwhile is not needed: a later checkpoint does not name it.
Result<void> Backup::copy_ahead(const std::vector<SegmentName>& names) {
  for (const SegmentName& name : names) carrier_.expect(name.bytes);
  for (const SegmentName& name : names) {
    const std::string path = segment_path(options_.data, name.number);
    const auto stat = world_.files.stat(path);
    auto file = world_.files.open(path, io::OpenMode::kReadBulk);
    if (!stat || !file) {
      const Error& error = stat ? file.error() : stat.error();
      if (error.code() != ErrorCode::kFileNotFound) return error;
      continue;
    }
    if (stat->bytes == name.bytes) MILLRACE_TRY(copy_segment(name.number, **file, *stat));
  }
  return {};
}

Result<void> Backup::copy_open(SourceMoment& moment) {
  for (const auto& [number, file] : moment.open_files()) carrier_.expect(file.stat.bytes);
  for (auto& [number, file] : moment.open_files()) {
    // Of those that only the ring names nobody has asked yet.
    const BackupFile* same = MILLRACE_TRY(to_.same_as(segment_path("", number), file.stat));
    if (same != nullptr) {
      has_[number] = *same;
    } else {
      MILLRACE_TRY(copy_segment(number, *file.file, file.stat));
    }
    file.file.reset();
  }
  return {};
}

Result<void> Backup::copy_segment(uint64_t number, io::File& from, const io::FileStat& stat) {
  const std::string path = segment_path("", number);
  auto crc = carrier_.copy(from, stat.bytes, io::join_path(to_.path(), path));
  if (!crc && crc.error().code() == ErrorCode::kMalformedFile) {
    return std::move(crc.error()).at(io::join_path(options_.data, path));
  }
  if (!crc) return crc.error();
  copied_bytes_ += stat.bytes;
  has_[number] = {path, stat.bytes, *crc, stat.modified_us};
  return {};
}

Result<uint32_t> Backup::put_file(const std::string& path, const std::vector<Buffer>& content) {
  uint64_t bytes = 0;
  for (const Buffer& piece : content) bytes += piece.bytes();
  carrier_.expect(bytes);
  const uint32_t crc = MILLRACE_TRY(carrier_.put(content, io::join_path(to_.path(), path)));
  copied_bytes_ += bytes;
  return crc;
}

Result<void> Backup::put_checkpoint(const SourceMoment& moment) {
  if (!moment.checkpoint()) return {};
  const std::string path =
      checkpoint_path(std::string(kCheckpointName), moment.checkpoint()->generation);
  const io::FileStat& stat = moment.checkpoint_stat();
  if (const BackupFile* same = MILLRACE_TRY(to_.same_as(path, stat))) {
    manifest_.files.push_back(*same);
    return {};
  }
  const uint32_t crc = MILLRACE_TRY(put_file(path, {moment.checkpoint_content()}));
  manifest_.files.push_back({path, stat.bytes, crc, stat.modified_us});
  return {};
}

Result<void> Backup::put_ring(SourceMoment& moment) {
  const RingFiles& ring = moment.ring();
  for (uint64_t at = 0; at < ring.capacity(); at = ring.file_end(at)) {
    manifest_.ring_files.push_back(ring.file_end(at) - at);
  }
  manifest_.runs = moment.tail().runs();
  BackupFile image{.path = to_.ring_path()};
  for (const RingRun& run : manifest_.runs) image.bytes += run.bytes;
  image.crc = MILLRACE_TRY(put_file(image.path, moment.tail().take_content()));
  manifest_.files.push_back(std::move(image));
  return {};
}

Result<void> check_source(io::FileSystem& files, const std::string& data) {
  MILLRACE_TRY(files.stat(data));
  const auto checked = check_format_line(files, data);
  if (checked || checked.error().code() != ErrorCode::kFileNotFound) return checked;
  return Error(ErrorCode::kFileNotFound, "the folder is no data directory: it has no file 'format'")
      .at(data)
      .remedy("Name the folder that `millrace server --data` or `millrace run --data` was given.");
}

}  // namespace

Result<BackupOutcome> back_up(io::World world, const BackupOptions& options) {
  MILLRACE_TRY(check_source(world.files, options.data));
  BackupFolder to = MILLRACE_TRY(BackupFolder::open(world.files, options.to));
  auto outcome = Backup(world, options, to).run();
  if (!outcome) to.give_up();
  return outcome;
}

}  // namespace millrace::log
