#include "log/backup/ring_tail.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace millrace::log {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

bool names_or_changes(EntryType type) {
  return type == EntryType::kStageRef || type == EntryType::kCommit || type == EntryType::kMeta;
}

}  // namespace

Result<void> RingTail::read_on() {
  RingScan scan(files_, end_, generation_);
  while (const auto entry = MILLRACE_TRY(scan.next())) {
    if (!entry->body_good) break;
    if (was_read(entry->address, entry->whole.size())) {
      lapped_ = true;
      break;
    }
    MILLRACE_TRY(take(*entry));
    end_ = scan.point();
    generation_ = scan.generation();
  }
  return {};
}

Result<commit::Lsn> RingTail::witnessed() const {
  return RingScan(files_, end_, generation_).witnessed();
}

Result<void> RingTail::take(const ScannedEntry& entry) {
  append(entry.address, entry.whole);
  const EntryHeader& header = entry.header;
  if (!names_or_changes(header.type)) return {};
  const bool begins = (header.flags & kContinued) == 0;
  if (begins) {
    body_ = entry.body.view();
  } else if (body_) {
    *body_ += entry.body.view();
  }
  if ((header.flags & kMoreFragments) != 0 || !body_) return {};
  const std::string body = std::move(*body_);
  body_.reset();
  return header.lsn > settled_ ? take_body(header, body) : Result<void>();
}

Result<void> RingTail::take_body(const EntryHeader& header, std::string_view body) {
  if (header.type == EntryType::kStageRef) {
    return on_file_(MILLRACE_TRY(decode_stage_ref(body)).segment);
  }
  if (header.type == EntryType::kCommit) {
    const CommitBody commit = MILLRACE_TRY(decode_commit(body));
    for (const AdoptedSnapshot& snapshot : commit.snapshots)
      MILLRACE_TRY(on_file_(snapshot.segment));
    return {};
  }
  std::ranges::move(MILLRACE_TRY(decode_meta(body)), std::back_inserter(commands_));
  return {};
}

bool RingTail::was_read(uint64_t address, uint64_t bytes) const {
  return std::ranges::any_of(runs_, [&](const RingRun& run) {
    return address < run.address + run.bytes && run.address < address + bytes;
  });
}

// The rest of a block behind a group is in the run as zeroes.
void RingTail::append(uint64_t address, std::span<const std::byte> bytes) {
  const uint64_t end = runs_.empty() ? 0 : runs_.back().address + runs_.back().bytes;
  const bool follows = !runs_.empty() && address >= end && address <= round_up(end, kBlockBytes) &&
                       address < files_.file_end(runs_.back().address);
  if (!follows) {
    runs_.push_back({address, 0});
  } else {
    pending_.append(address - end, '\0');
    runs_.back().bytes += address - end;
  }
  runs_.back().bytes += bytes.size();
  pending_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (pending_.size() < kPieceBytes) return;
  content_.push_back(Buffer::copy_of(pending_));
  pending_.clear();
}

std::vector<Buffer> RingTail::take_content() {
  if (!pending_.empty()) content_.push_back(Buffer::copy_of(std::exchange(pending_, {})));
  return std::exchange(content_, {});
}

uint64_t RingTail::used_bytes() const {
  uint64_t bytes = 0;
  for (const RingRun& run : runs_) {
    bytes += round_up(run.bytes, kBlockBytes) + files_.group_bytes_max();
  }
  return bytes;
}

}  // namespace millrace::log
