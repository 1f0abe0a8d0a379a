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
#include "log/data_format.h"
#include "log/inspect/opaque_machine.h"
#include "log/recovery/replay.h"
#include "log/ring/ring_files.h"
#include "log/ring/ring_scan.h"
#include "log/settle/checkpoint.h"
#include "log/settle/segment_format.h"
#include "log/settle/segment_store.h"
#include "log/tables/ledger.h"
#include "record/batch_view.h"

namespace millrace::log {
namespace {

bool is_damage(const Error& error) {
  return error.code() == ErrorCode::kRingDamaged || error.code() == ErrorCode::kCorruptRecord ||
         error.code() == ErrorCode::kCorruptState;
}

class Verifier {
 public:
  Verifier(io::FileSystem& files, const VerifyOptions& options)
      : files_(files), options_(options) {}

  Result<Verification> run() {
    MILLRACE_TRY(check_is_data());
    const auto lock = MILLRACE_TRY(files_.lock(below("lock")));
    MILLRACE_TRY(read_checkpoints());
    segments_ = MILLRACE_TRY(SegmentStore::open(files_, below("segments"), true));
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

  std::string below(std::string_view name) const { return io::join_path(options_.data, name); }
  Result<void> check_is_data() const;
  Result<void> read_checkpoints();
  Result<void> read_ring();
  void take_entry(const ScannedEntry& entry);
  Result<void> replay();
  void make_machines();
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
  std::string name_of(commit::PartitionId id) const;
  std::string name_of(commit::JobId id) const;
  std::string name_of(const SegmentExtent& extent) const;
  std::string name_of(const EntryHeader& header) const;

  io::FileSystem& files_;
  const VerifyOptions& options_;
  Verification found_;
  uint64_t bytes_read_ = 0;
  std::optional<Checkpoint> checkpoint_;
  std::unique_ptr<SegmentStore> segments_;
  std::unique_ptr<RingFiles> ring_;
  std::vector<BadBody> bad_bodies_;
  commit::Lsn witnessed_;
  std::set<std::string> tags_;  // of machines
  std::vector<std::unique_ptr<OpaqueMachine>> machines_;
  std::unique_ptr<Ledger> ledger_;
  std::map<uint64_t, SegmentName> named_;
  std::set<commit::PartitionId> concerned_;
};

Result<void> Verifier::check_is_data() const {
  MILLRACE_TRY(files_.stat(options_.data));
  const auto checked = check_format_line(files_, options_.data);
  if (checked || checked.error().code() != ErrorCode::kFileNotFound) return checked;
  return Error(ErrorCode::kFileNotFound, "the folder is no data directory: it has no file 'format'")
      .at(options_.data)
      .remedy("Name the folder that `millrace server --data` or `millrace run --data` was given.");
}

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
  const std::string folder = below("checkpoint");
  const auto generations = checkpoint_generations(files_, folder);
  if (!generations && generations.error().code() == ErrorCode::kFileNotFound) return {};
  if (!generations) return generations.error();
  for (const uint64_t generation : *generations) {
    const io::FileStat stat = MILLRACE_TRY(files_.stat(checkpoint_path(folder, generation)));
    ++found_.checkpoints.files;
    found_.checkpoints.bytes += stat.bytes;
    auto checkpoint = read_checkpoint(files_, folder, generation);
    MILLRACE_TRY(tell(stat.bytes));
    if (!checkpoint) {
      MILLRACE_TRY(damaged(checkpoint.error()));
      continue;
    }
    ++found_.checkpoints.entries;
    checkpoint_ = std::move(*checkpoint);
  }
  if (!checkpoint_) return {};
  found_.settled = checkpoint_->settled;
  for (const Checkpoint::Machine& machine : checkpoint_->machines) tags_.insert(machine.tag);
  for (const Checkpoint::SegmentUse& use : checkpoint_->segments) {
    named_[use.name.number] = use.name;
  }
  for (const Checkpoint::OpenUnitRefs& open : checkpoint_->open_units) {
    for (const StageRefBody& ref : open.refs) named_[ref.segment.number] = ref.segment;
  }
  return {};
}

Result<void> Verifier::read_ring() {
  auto ring = RingFiles::open_to_read(files_, below("ring"));
  if (!ring && ring.error().code() == ErrorCode::kFileNotFound) {
    damaged(below("ring"), "there is no file of the ring");
    return {};
  }
  if (!ring) return damaged(ring.error());
  ring_ = std::move(*ring);
  for (uint64_t at = 0; at < ring_->capacity(); at = ring_->file_end(at)) ++found_.ring.files;
  // Without a valid checkpoint nobody knows where to begin.
  if (!checkpoint_ && found_.checkpoints.files > 0) return {};
  RingScan scan(*ring_, checkpoint_ ? checkpoint_->point : RingPoint());
  while (const auto entry = MILLRACE_TRY(scan.next())) take_entry(*entry);
  witnessed_ = std::max(witnessed_, MILLRACE_TRY(scan.witnessed()));
  found_.last = commit::Lsn(scan.point().next_lsn.value() - 1);
  if (witnessed_ >= scan.point().next_lsn) {
    damaged(ring_->place(scan.point().address),
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
    bad_bodies_.push_back({entry.header, ring_->place(entry.address)});
    return;
  }
  if (entry.header.type != EntryType::kMeta) return;
  const auto commands = decode_meta(entry.body.view());
  if (!commands) return;  // one of several fragments; replaying tells
  for (const commit::Command& command : *commands) tags_.insert(std::string(command.machine));
}

void Verifier::make_machines() {
  std::set<std::string> own;
  Ledger none({});
  for (const auto& [tag, machine] : none.machines()) own.insert(tag);
  std::vector<commit::StateMachine*> all;
  for (const std::string& tag : tags_) {
    if (own.contains(tag)) continue;
    machines_.push_back(std::make_unique<OpaqueMachine>(tag));
    all.push_back(machines_.back().get());
  }
  ledger_ = std::make_unique<Ledger>(all);
}

// What a start would do, to see whether it could.
Result<void> Verifier::replay() {
  make_machines();
  if (ring_ == nullptr || (!checkpoint_ && found_.checkpoints.files > 0)) return {};
  const auto recovered = Replay(*ring_, *segments_, *ledger_).run(checkpoint_);
  if (!recovered) return damaged(recovered.error());
  for (const SegmentPtr& segment : recovered->named) {
    named_[segment->name().number] = segment->name();
  }
  const size_t unnamed = segments_->unnamed().size();
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
        name_of(bad.header));
  }
}

Result<void> Verifier::read_segments() {
  for (const auto& [number, name] : named_) MILLRACE_TRY(read_segment(name));
  return {};
}

Result<void> Verifier::read_segment(const SegmentName& name) {
  ++found_.segments.files;
  const auto segment = segments_->load(name);
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
  const std::string path = segments_->path(segment.name().number);
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
        fmt::format("{}@{}", segments_->path(segment.name().number), extent.position));
  }
  return damaged(error, name_of(extent));
}

// Found at a start before; what they missed may be long gone.
void Verifier::report_quarantined() {
  for (const PartitionPtr& partition : ledger_->partitions()) {
    const auto why = partition->quarantined();
    if (!why || concerned_.contains(partition->id())) continue;
    damaged(fmt::format("{} ({})", options_.data, name_of(partition->id())),
            std::string(why->message()), name_of(partition->id()));
  }
}

std::string Verifier::name_of(commit::PartitionId id) const {
  const auto topic = ledger_->topics().find(id.topic);
  if (!topic) return fmt::format("partition {} of topic id {}", id.index, id.topic.value());
  return fmt::format("{}-{}", topic->name, id.index);
}

std::string Verifier::name_of(commit::JobId id) const {
  for (const commit::RecoveredJob& job : ledger_->jobs().list()) {
    const auto known = ledger_->jobs().find(job.name);
    if (known && known->job == id) return fmt::format("job {}", job.name);
  }
  return fmt::format("job id {}", id.value());
}

std::string Verifier::name_of(const SegmentExtent& extent) const {
  if (extent.kind == FrameKind::kDelta) {
    return fmt::format("state of {}, task {}", name_of(commit::JobId(extent.owner)), extent.part);
  }
  return fmt::format("{} from offset {} on, {} records", name_of(extent.partition()), extent.first,
                     extent.records);
}

std::string Verifier::name_of(const EntryHeader& header) const {
  std::string names = belongs_to_unit(header.type) ? name_of(header.unit.job) : std::string();
  for (const PartitionRow& row : header.rows) {
    if (!names.empty()) names += "; ";
    names += name_of(row.partition);
    if (row.base_offset < 0 || row.records == 0) continue;
    names += fmt::format(", offsets {} to {}", row.base_offset, row.base_offset + row.records - 1);
  }
  return names;
}

}  // namespace

Result<Verification> verify(io::FileSystem& files, const VerifyOptions& options) {
  return Verifier(files, options).run();
}

}  // namespace millrace::log
