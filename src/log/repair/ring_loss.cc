#include "log/repair/ring_loss.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "log/ring/entry_body.h"

namespace millrace::log {
namespace {

void add_records(RingLoss& loss, commit::PartitionId partition, int64_t first, uint32_t records) {
  if (records == 0) return;
  const int64_t last = first + records - 1;
  const auto [known, added] = loss.records.try_emplace(partition, first, last, records);
  if (added) return;
  known->second.first = std::min(known->second.first, first);
  known->second.last = std::max(known->second.last, last);
  known->second.records += records;
}

void add_commit(RingLoss& loss, const ScannedEntry& entry) {
  const UnitBlock& unit = entry.header.unit;
  const auto [known, added] = loss.commits.try_emplace(unit.job, unit.epoch, unit.epoch);
  if (!added) known->second.second = std::max(known->second.second, unit.epoch);
  if (!entry.body_good) return;
  const auto body = decode_commit(entry.body.view());
  if (!body) return;  // one of several fragments
  for (const Assignment& given : body->assignments) {
    add_records(loss, given.partition, given.base_offset, given.records);
  }
}

void add(RingLoss& loss, const ScannedEntry& entry) {
  const EntryHeader& header = entry.header;
  loss.last = std::max(loss.last, header.lsn);
  if (header.lsn < loss.first) return;
  ++loss.read;
  if (header.type == EntryType::kAppend) {
    for (const PartitionRow& row : header.rows) {
      add_records(loss, row.partition, row.base_offset, row.records);
    }
  }
  if (header.type == EntryType::kCommit) add_commit(loss, entry);
  if (header.type != EntryType::kMeta || !entry.body_good) return;
  const auto commands = decode_meta(entry.body.view());
  loss.commands += commands ? commands->size() : 1;
}

}  // namespace

Result<RingLoss> find_loss(const RingFiles& files, const RingPoint& begin, commit::Lsn from,
                           commit::Lsn settled) {
  RingScan scan(files, begin);
  RingLoss loss{.point = begin, .first = std::max(from, settled.next())};
  while (const auto entry = MILLRACE_TRY(scan.next())) {
    if (entry->header.lsn < from) {
      loss.point = scan.point();
    } else {
      add(loss, *entry);
    }
  }
  if (loss.point.next_lsn != from) {
    return Error(ErrorCode::kInvalidOption,
                 fmt::format("the log ends in front of LSN {}", scan.point().next_lsn.value()))
        .at(files.place(scan.point().address));
  }
  commit::Lsn known = commit::Lsn(scan.point().next_lsn.value() - 1);
  for (const LaterGroup& group : MILLRACE_TRY(RingScan(files, loss.point).later())) {
    loss.groups.push_back(group.address);
    if (group.header.lsn <= known) continue;
    RingScan rest(files, group.point());
    while (const auto entry = MILLRACE_TRY(rest.next())) add(loss, *entry);
    known = commit::Lsn(rest.point().next_lsn.value() - 1);
  }
  return loss;
}

std::string RingLoss::to_string(const Names& names) const {
  std::string text;
  const auto add = [&text](std::string part) {
    text += text.empty() ? "" : "; ";
    text += part;
  };
  for (const auto& [partition, gone] : records) {
    add(gone.records == 1 ? fmt::format("{}, offset {}", names.of(partition), gone.last)
                          : fmt::format("{}, offsets {} to {} ({} records)", names.of(partition),
                                        gone.first, gone.last, gone.records));
  }
  for (const auto& [job, epochs] : commits) {
    const auto& [first, end] = epochs;
    add(first == end
            ? fmt::format("{}, epoch {}", names.of(job), end.value())
            : fmt::format("{}, epochs {} to {}", names.of(job), first.value(), end.value()));
  }
  if (commands > 0) {
    add(fmt::format("{} {} of topics, groups, settings or tables", commands,
                    commands == 1 ? "change" : "changes"));
  }
  const uint64_t end = std::max(last, first).value();
  const uint64_t unread = end + 1 - first.value() - read;
  std::string head = first.value() == end ? fmt::format("LSN {}", end)
                                          : fmt::format("LSN {} to {}", first.value(), end);
  if (unread > 0) head += fmt::format(", of which {} cannot be read", unread);
  return text.empty() ? head : head + ": " + text;
}

}  // namespace millrace::log
