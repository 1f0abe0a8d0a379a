#include "log/inspect/dump.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "log/inspect/closed_log.h"
#include "log/inspect/names.h"
#include "log/ring/ring_scan.h"

namespace millrace::log {
namespace {

constexpr std::string_view kEntryTypes[] = {"",      "append", "stage", "stage_ref", "commit",
                                            "abort", "meta",   "seal",  "settled"};

std::string_view name_of(EntryType type) {
  const auto at = static_cast<size_t>(type);
  return at < std::size(kEntryTypes) ? kEntryTypes[at] : "unknown";
}

std::string_view name_of(FrameKind kind) {
  if (kind == FrameKind::kRecords) return "records";
  return kind == FrameKind::kDelta ? "delta" : "compacted";
}

// Whose commands they are: "log.topics, broker.settings".
std::string concerns_of(const ScannedEntry& entry, const Names& names) {
  if (entry.header.type != EntryType::kMeta || !entry.body_good) return names.of(entry.header);
  const auto commands = decode_meta(entry.body.view());
  if (!commands) return {};  // one of several fragments
  std::string machines;
  for (const commit::Command& command : *commands) {
    if (machines.ends_with(command.machine)) continue;
    if (!machines.empty()) machines += ", ";
    machines += command.machine;
  }
  return machines;
}

// A log with names for what is in it, and the files that count.
struct Opened {
  std::unique_ptr<ClosedLog> log;
  std::vector<SegmentName> named;
};

// A damaged tail costs names, no more: replaying ends where it is.
Result<Opened> open(io::FileSystem& files, const DumpOptions& options) {
  Opened opened{.log = MILLRACE_TRY(ClosedLog::open(files, options.data)), .named = {}};
  ClosedLog& log = *opened.log;
  std::optional<Error> damage;
  MILLRACE_TRY(log.load_checkpoints([&](const Result<Checkpoint>& found, uint64_t) -> Result<void> {
    if (!found) damage = found.error();
    return {};
  }));
  if (log.lost()) return std::move(*damage);
  MILLRACE_TRY(log.open_ring());
  if (const auto recovered = log.replay(MILLRACE_TRY(log.tags()))) {
    for (const SegmentPtr& segment : recovered->named) opened.named.push_back(segment->name());
  } else if (log.checkpoint()) {
    for (const auto& use : log.checkpoint()->segments) opened.named.push_back(use.name);
  }
  return opened;
}

std::string holds(const Checkpoint::PartitionEnds& ends) {
  return fmt::format("offsets {} to {}, {} leader epochs, {} bytes of producers{}",
                     ends.start_offset, ends.end_offset, ends.epochs.size(),
                     ends.transactions.size(), ends.quarantined ? ", quarantined" : "");
}

}  // namespace

Result<void> dump_ring(io::FileSystem& files, const DumpOptions& options,
                       const std::function<Result<void>(const DumpedEntry&)>& visit) {
  const Opened opened = MILLRACE_TRY(open(files, options));
  const Names names(opened.log->ledger());
  const RingFiles& ring = *opened.log->ring();
  RingScan scan(ring, opened.log->begin());
  while (const auto entry = MILLRACE_TRY(scan.next())) {
    const EntryHeader& header = entry->header;
    if (header.lsn.value() > options.to) break;
    if (header.lsn.value() < options.from) continue;
    DumpedEntry dumped{.lsn = header.lsn.value(),
                       .place = ring.place(entry->address),
                       .type = name_of(header.type),
                       .generation = header.generation,
                       .durable = header.durable_lsn.value(),
                       .bytes = header.body_bytes,
                       .concerns = concerns_of(*entry, names),
                       .good = entry->body_good};
    for (const PartitionRow& row : header.rows) dumped.records += row.records;
    MILLRACE_TRY(visit(dumped));
  }
  return {};
}

Result<void> dump_checkpoint(io::FileSystem& files, const DumpOptions& options,
                             const std::function<Result<void>(const DumpedItem&)>& visit) {
  const Opened opened = MILLRACE_TRY(open(files, options));
  const auto& found = opened.log->checkpoint();
  if (!found) return {};
  const Names names(opened.log->ledger());
  MILLRACE_TRY(visit({"checkpoint", fmt::format("{:016x}", found->generation),
                      fmt::format("everything up to LSN {}, node generation {}; the ring from {}",
                                  found->settled.value(), found->node_generation,
                                  opened.log->ring()->place(found->point.address))}));
  for (const Checkpoint::Machine& machine : found->machines) {
    MILLRACE_TRY(
        visit({"table", machine.tag,
               fmt::format("version {}, {} bytes", machine.version, machine.snapshot.size())}));
  }
  for (const Checkpoint::PartitionEnds& ends : found->partitions) {
    MILLRACE_TRY(visit({"partition", names.of(ends.id), holds(ends)}));
  }
  for (const Checkpoint::SegmentUse& use : found->segments) {
    MILLRACE_TRY(visit({"segment", fmt::format("{:016x}", use.name.number),
                        fmt::format("{} bytes", use.name.bytes)}));
  }
  for (const Checkpoint::JobState& job : found->jobs) {
    for (const Checkpoint::StateUse& use : job.pieces) {
      MILLRACE_TRY(visit({"state", fmt::format("{}, task {}", names.of(job.job), use.task.value()),
                          fmt::format("{} of epochs {} to {} in segment {:016x}",
                                      use.snapshot ? "snapshot" : "delta", use.first_epoch.value(),
                                      use.last_epoch.value(), use.segment)}));
    }
  }
  return {};
}

Result<void> dump_segment(io::FileSystem& files, const DumpOptions& options, std::string_view name,
                          const std::function<Result<void>(const DumpedFrame&)>& visit) {
  uint64_t number = 0;
  const std::string_view last = io::file_name(name);
  const auto parsed = std::from_chars(last.data(), last.data() + last.size(), number, 16);
  const Opened opened = MILLRACE_TRY(open(files, options));
  const auto wanted = std::ranges::find(opened.named, number, &SegmentName::number);
  if (parsed.ec != std::errc() || wanted == opened.named.end()) {
    return Error(ErrorCode::kFileNotFound, fmt::format("no segment file '{}' is in use", last))
        .at(io::join_path(options.data, "segments"))
        .remedy("`millrace log dump checkpoint` shows which there are.");
  }
  const Names names(opened.log->ledger());
  const SegmentPtr segment = MILLRACE_TRY(opened.log->segments().load(*wanted));
  for (const SegmentExtent& extent : segment->extents()) {
    const std::string place =
        fmt::format("{}@{}", opened.log->segments().path(number), extent.position);
    const std::string concerns =
        extent.kind == FrameKind::kDelta
            ? fmt::format("{}, task {}", names.of(commit::JobId(extent.owner)), extent.part)
            : names.of(extent.partition());
    MILLRACE_TRY(segment->read(extent, [&](const Frame& frame) {
      return visit({place, name_of(frame.kind), concerns, frame.first, frame.max_timestamp_ms,
                    frame.records, frame.body.bytes()});
    }));
  }
  return {};
}

}  // namespace millrace::log
