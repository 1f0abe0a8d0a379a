#include "log/inspect/verify.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "base/crc32c.h"
#include "base/endian.h"
#include "log/inspect/closed_log.h"
#include "log/inspect/names.h"
#include "log/ring/ring_scan.h"
#include "log/settle/segment_format.h"
#include "record/batch_view.h"

namespace millrace::log {
namespace {

class Verifier {
 public:
  Verifier(io::FileSystem& files, const VerifyOptions& options)
      : files_(files), options_(options) {}

  Result<Verification> run() {
    log_ = MILLRACE_TRY(ClosedLog::open(files_, options_.data));
    MILLRACE_TRY(read_checkpoints());
    MILLRACE_TRY(read_ring());
    MILLRACE_TRY(replay());
    describe_ring();
    MILLRACE_TRY(read_segments());
    report_quarantined();
    return std::move(found_);
  }

 private:
  // A body of the ring that does not match its checksum, and what it belongs to.
  struct BadBody {
    EntryHeader header;
    std::string place;
  };

  Result<void> read_checkpoints();
  Result<void> read_ring();
  void take_entry(const ScannedEntry& entry);
  Result<void> replay();
  void describe_ring();
  Result<void> read_segments();
  Result<void> read_segment(const SegmentName& name);
  Result<void> read_extent(const Segment& segment, const SegmentExtent& extent);
  Result<void> check_ends(const Segment& segment);
  void report_quarantined();

  void damaged(std::string place, std::string what, std::string concerns = {});
  // Somebody else's Error that says where the damage is; any other one goes on.
  Result<void> damaged(const Error& error, std::string concerns = {});
  Result<void> tell(uint64_t bytes);
  Names names() { return Names(log_->ledger()); }

  io::FileSystem& files_;
  const VerifyOptions& options_;
  Verification found_;
  uint64_t bytes_read_ = 0;
  std::unique_ptr<ClosedLog> log_;
  std::vector<BadBody> bad_bodies_;
  commit::Lsn witnessed_;
  std::set<std::string> tags_;  // of machines
  std::map<uint64_t, SegmentName> named_;
  std::set<commit::PartitionId> concerned_;
};

void Verifier::damaged(std::string place, std::string what, std::string concerns) {
  const auto same = [&](const Damage& known) { return known.place == place; };
  if (std::ranges::any_of(found_.damages, same)) return;
  found_.damages.push_back({std::move(place), std::move(what), std::move(concerns)});
}

Result<void> Verifier::damaged(const Error& error, std::string concerns) {
  if (!is_damage(error)) return error;
  damaged(error.place().empty() ? options_.data : std::string(error.place()),
          std::string(error.message()), std::move(concerns));
  return {};
}

Result<void> Verifier::tell(uint64_t bytes) {
  bytes_read_ += bytes;
  return options_.watch ? options_.watch(bytes_read_) : Result<void>();
}

// The newest that is valid counts; an older one that is not is damage all the same.
Result<void> Verifier::read_checkpoints() {
  MILLRACE_TRY(log_->load_checkpoints([&](const Result<Checkpoint>& found, uint64_t bytes) {
    ++found_.checkpoints.files;
    found_.checkpoints.bytes += bytes;
    found_.checkpoints.entries += found ? 1 : 0;
    const Result<void> noted = found ? Result<void>() : damaged(found.error());
    return noted ? tell(bytes) : noted;
  }));
  if (!log_->checkpoint()) return {};
  const Checkpoint& checkpoint = *log_->checkpoint();
  found_.settled = checkpoint.settled;
  for (const Checkpoint::Machine& machine : checkpoint.machines) tags_.insert(machine.tag);
  for (const Checkpoint::SegmentUse& use : checkpoint.segments) {
    named_[use.name.number] = use.name;
  }
  for (const Checkpoint::OpenUnitRefs& open : checkpoint.open_units) {
    for (const StageRefBody& ref : open.refs) named_[ref.segment.number] = ref.segment;
  }
  return {};
}

Result<void> Verifier::read_ring() {
  const auto opened = log_->open_ring();
  if (!opened && opened.error().code() == ErrorCode::kFileNotFound) {
    damaged(io::join_path(options_.data, "ring"), "there is no file of the ring");
    return {};
  }
  if (!opened) return damaged(opened.error());
  const RingFiles& ring = *log_->ring();
  for (uint64_t at = 0; at < ring.capacity(); at = ring.file_end(at)) ++found_.ring.files;
  if (log_->lost()) return {};
  RingScan scan(ring, log_->begin());
  while (const auto entry = MILLRACE_TRY(scan.next())) take_entry(*entry);
  witnessed_ = std::max(witnessed_, MILLRACE_TRY(scan.witnessed()));
  found_.last = commit::Lsn(scan.point().next_lsn.value() - 1);
  if (witnessed_ >= scan.point().next_lsn) {
    damaged(ring.place(scan.point().address),
            fmt::format("the entry with LSN {} is damaged or missing, but everything up to LSN {} "
                        "was durable",
                        scan.point().next_lsn.value(), witnessed_.value()));
  }
  return tell(found_.ring.bytes);
}

void Verifier::take_entry(const ScannedEntry& entry) {
  ++found_.ring.entries;
  found_.ring.bytes += entry.header.entry_bytes();
  for (const PartitionRow& row : entry.header.rows) found_.ring.records += row.records;
  witnessed_ = std::max(witnessed_, entry.header.durable_lsn);
  if (!entry.body_good) {
    bad_bodies_.push_back({entry.header, log_->ring()->place(entry.address)});
    return;
  }
  if (entry.header.type != EntryType::kMeta) return;
  const auto commands = decode_meta(entry.body.view());
  if (!commands) return;  // one of several fragments; replaying tells
  for (const commit::Command& command : *commands) tags_.insert(std::string(command.machine));
}

// What a start would do, to see whether it could.
Result<void> Verifier::replay() {
  if (log_->ring() == nullptr || log_->lost()) return {};
  const auto recovered = log_->replay(tags_);
  if (!recovered) return damaged(recovered.error());
  for (const SegmentPtr& segment : recovered->named) {
    named_[segment->name().number] = segment->name();
  }
  const size_t unnamed = log_->segments().unnamed().size();
  if (unnamed > 0) {
    found_.notes.push_back(fmt::format("{} segment {} nobody names; the next start removes {}",
                                       unnamed, unnamed == 1 ? "file that" : "files that",
                                       unnamed == 1 ? "it" : "them"));
  }
  return {};
}

// Bodies below what was once durable are damage; behind it the tail was torn.
void Verifier::describe_ring() {
  for (const BadBody& bad : bad_bodies_) {
    if (bad.header.lsn > witnessed_) {
      found_.notes.push_back(
          fmt::format("the ring's last write was torn at {} (LSN {}); the next start cuts it off",
                      bad.place, bad.header.lsn.value()));
      return;
    }
    for (const PartitionRow& row : bad.header.rows) concerned_.insert(row.partition);
    damaged(
        bad.place,
        fmt::format("the entry with LSN {} does not match its checksum", bad.header.lsn.value()),
        names().of(bad.header));
  }
}

Result<void> Verifier::read_segments() {
  for (const auto& [number, name] : named_) MILLRACE_TRY(read_segment(name));
  return {};
}

Result<void> Verifier::read_segment(const SegmentName& name) {
  ++found_.segments.files;
  const auto segment = log_->segments().load(name);
  if (!segment) {
    MILLRACE_TRY(damaged(segment.error()));
    return tell(0);
  }
  MILLRACE_TRY(check_ends(**segment));
  for (const SegmentExtent& extent : (*segment)->extents()) {
    MILLRACE_TRY(read_extent(**segment, extent));
  }
  found_.segments.bytes += name.bytes;
  return tell(name.bytes);
}

// The file's own header, and that extents follow each other up to the footer.
Result<void> Verifier::check_ends(const Segment& segment) {
  const std::string path = log_->segments().path(segment.name().number);
  const Buffer head = MILLRACE_TRY(segment.read_bytes(0, kSegmentHeaderBytes));
  const std::byte* from = head.data();
  if (load_le<uint32_t>(from) != kSegmentMagic ||
      load_le<uint32_t>(from + 4) != crc32c({from + 8, sizeof(uint64_t)}) ||
      load_le<uint64_t>(from + 8) != segment.name().number) {
    damaged(path + "@0", "the segment file does not begin with its header");
  }
  std::vector<std::pair<uint64_t, uint64_t>> parts;
  for (const SegmentExtent& extent : segment.extents()) {
    parts.emplace_back(extent.position, extent.bytes);
  }
  std::ranges::sort(parts);
  uint64_t at = kSegmentHeaderBytes;
  for (const auto& [position, bytes] : parts) {
    if (position != at) break;
    at += bytes;
  }
  const uint64_t footer =
      segment.name().bytes - kTrailerBytes - segment.extents().size() * kExtentBytes;
  if (at != footer) {
    damaged(fmt::format("{}@{}", path, at), "the footer does not account for all of the file");
  }
  return {};
}

Result<void> Verifier::read_extent(const Segment& segment, const SegmentExtent& extent) {
  const auto read = segment.read(extent, [&](const Frame& frame) -> Result<void> {
    ++found_.segments.entries;
    if (extent.kind == FrameKind::kDelta) return {};
    found_.segments.records += frame.records;
    const auto batch = record::BatchView::read(frame.body);
    return batch ? Result<void>() : Result<void>(batch.error());
  });
  if (read) return {};
  if (extent.kind != FrameKind::kDelta) concerned_.insert(extent.partition());
  Error error = read.error();
  if (error.place().empty()) {
    error = std::move(error).at(
        fmt::format("{}@{}", log_->segments().path(segment.name().number), extent.position));
  }
  return damaged(error, names().of(extent));
}

// Found at a start before; what they missed may be long gone.
void Verifier::report_quarantined() {
  for (const PartitionPtr& partition : log_->ledger().partitions()) {
    const auto why = partition->quarantined();
    if (!why || concerned_.contains(partition->id())) continue;
    damaged(fmt::format("{} ({})", options_.data, names().of(partition->id())),
            std::string(why->message()), names().of(partition->id()));
  }
}

}  // namespace

Result<Verification> verify(io::FileSystem& files, const VerifyOptions& options) {
  return Verifier(files, options).run();
}

}  // namespace millrace::log
