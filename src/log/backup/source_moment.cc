#include "log/backup/source_moment.h"

#include <fmt/core.h>

#include "base/endian.h"
#include "log/backup/manifest.h"
#include "log/settle/segment_format.h"

namespace millrace::log {
namespace {

constexpr int kCheckpointLooksMax = 100;
constexpr uint64_t kReserveShare = 16;  // of the ring, which a start needs to empty it
constexpr const char* kDamageRemedy =
    "The data directory is damaged; keep the backups that you have. `millrace log verify` tells "
    "more.";

bool is_missing(const Error& error) {
  return error.code() == ErrorCode::kFileNotFound;
}

Error damaged_segment(std::string what, const std::string& path) {
  return Error(ErrorCode::kRingDamaged, "a segment file " + std::move(what))
      .at(path)
      .remedy(kDamageRemedy);
}

// Whether it is the file that was named, as far as its ends tell.
Result<void> check_segment(io::File& file, const SegmentName& name, const std::string& path) {
  const uint64_t bytes = MILLRACE_TRY(file.size());
  if (bytes != name.bytes || bytes < kTrailerBytes) {
    return damaged_segment(fmt::format("has {} bytes instead of {}", bytes, name.bytes), path);
  }
  std::byte trailer[kTrailerBytes];
  MILLRACE_TRY(file.read_at(bytes - kTrailerBytes, trailer));
  if (load_le<uint32_t>(trailer + 20) != kTrailerMagic ||
      load_le<uint32_t>(trailer + 12) != name.footer_crc) {
    return damaged_segment("has a trailer that does not match its checksum", path);
  }
  return {};
}

}  // namespace

Result<std::optional<Checkpoint>> newest_checkpoint(io::FileSystem& files,
                                                    const std::string& data) {
  const std::string folder = io::join_path(data, kCheckpointName);
  auto found = load_checkpoint(files, folder);
  for (int look = 1; look < kCheckpointLooksMax && !found && is_missing(found.error()); ++look) {
    found = load_checkpoint(files, folder);
  }
  return found;
}

std::string segment_path(std::string_view folder, uint64_t number) {
  return io::join_path(folder, fmt::format("{}/{:016x}", kSegmentsName, number));
}

std::vector<SegmentName> named_by(const Checkpoint& checkpoint) {
  std::vector<SegmentName> names;
  for (const Checkpoint::SegmentUse& use : checkpoint.segments) names.push_back(use.name);
  for (const Checkpoint::OpenUnitRefs& open : checkpoint.open_units) {
    for (const StageRefBody& ref : open.refs) names.push_back(ref.segment);
  }
  return names;
}

SourceMoment::SourceMoment(io::FileSystem& files, const std::string& data, Has has)
    : files_(files), data_(data), has_(std::move(has)) {}

Result<void> SourceMoment::hold(const SegmentName& name) {
  if (!named_.insert(name.number).second || has_(name.number)) return {};
  const std::string path = segment_path(data_, name.number);
  const auto stat = files_.stat(path);
  auto file = files_.open(path, io::OpenMode::kReadBulk);
  if (!stat || !file) {
    const Error& error = stat ? file.error() : stat.error();
    if (!is_missing(error)) return error;
    gone_ = path;
    return {};
  }
  MILLRACE_TRY(check_segment(**file, name, path));
  open_[name.number] = {std::move(*file), *stat};
  return {};
}

Result<void> SourceMoment::read_checkpoint() {
  if (!checkpoint_) return {};
  const std::string path =
      checkpoint_path(io::join_path(data_, kCheckpointName), checkpoint_->generation);
  const auto stat = files_.stat(path);
  auto content = io::read_file(files_, path);
  if (!stat || !content) {
    const Error& error = stat ? content.error() : stat.error();
    if (!is_missing(error)) return error;
    gone_ = path;
    return {};
  }
  checkpoint_content_ = std::move(*content);
  checkpoint_stat_ = *stat;
  return {};
}

Result<void> SourceMoment::hold_all() {
  MILLRACE_TRY(read_checkpoint());
  if (!checkpoint_) return {};
  for (const SegmentName& name : named_by(*checkpoint_)) MILLRACE_TRY(hold(name));
  return {};
}

Result<bool> SourceMoment::take(const std::optional<Checkpoint>& checkpoint) {
  checkpoint_ = checkpoint;
  MILLRACE_TRY(hold_all());
  ring_ = MILLRACE_TRY(RingFiles::open_to_read(files_, io::join_path(data_, kRingName)));
  const RingPoint from = checkpoint_ ? checkpoint_->point : RingPoint();
  const commit::Lsn settled = checkpoint_ ? checkpoint_->settled : commit::Lsn();
  tail_.emplace(*ring_, from, settled, [this](const SegmentName& name) { return hold(name); });
  MILLRACE_TRY(tail_->read_on());
  return judge();
}

Error SourceMoment::damaged() const {
  return Error(ErrorCode::kRingDamaged,
               fmt::format("the entry with LSN {} is damaged or missing, but later ones were "
                           "written",
                           tail_->end().next_lsn.value()))
      .at(ring_->place(tail_->end().address))
      .remedy(kDamageRemedy);
}

// The ring before the newest checkpoint's point may have been reused, and files that only an older
// checkpoint names may be gone. Nothing else changes or goes.
Result<bool> SourceMoment::judge() {
  const commit::Lsn witnessed = MILLRACE_TRY(tail_->witnessed());
  const bool cut = witnessed >= tail_->end().next_lsn;
  // What was witnessed then can be read now, unless it is damaged or lies an earlier lap back.
  if (cut) MILLRACE_TRY(tail_->read_on());
  const auto newest = MILLRACE_TRY(newest_checkpoint(files_, data_));
  const bool superseded = newest && (!checkpoint_ || newest->generation != checkpoint_->generation);
  if (!gone_.empty()) {
    if (superseded) return false;
    return damaged_segment("is missing", gone_);
  }
  const commit::Lsn next = tail_->end().next_lsn;
  if (newest && newest->point.next_lsn > next) return false;
  const bool starts_full =
      tail_->used_bytes() + ring_->capacity() / kReserveShare >= ring_->capacity();
  if (superseded && (tail_->lapped() || starts_full)) return false;
  if (cut && witnessed >= next && !tail_->lapped()) return damaged();
  if (checkpoint_ && checkpoint_->settled >= next) return damaged();
  return true;
}

}  // namespace millrace::log
