#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/result.h"
#include "commit/proposals.h"
#include "log/backup/ring_run.h"
#include "log/ring/entry_body.h"
#include "log/ring/ring_files.h"
#include "log/ring/ring_scan.h"

namespace millrace::log {

// RingTail: what stands in the ring behind a checkpoint, read while its owner may go on writing.
// Every entry is checked by the chain of headers and its CRC, so that what was read is right even
// if the ring has been reused since; whether more had to follow, the caller finds out.
//
// Threading:  confined to one thread. Ownership: the files outlive it.
// Order:      read_on, as often as wanted. Memory: what was read stays.
class RingTail {
 public:
  // Of the segment files that entries behind `settled` name, as soon as one is read.
  using OnFile = std::function<Result<void>(const SegmentName&)>;
  RingTail(const RingFiles& files, RingPoint from, commit::Lsn settled, OnFile on_file)
      : files_(files), settled_(settled), on_file_(std::move(on_file)), end_(from) {}

  // Up to where the chain ends now: behind it nothing follows, or a body that is not whole, or what
  // was read already, in an earlier lap (`lapped`).
  Result<void> read_on();
  bool lapped() const { return lapped_; }
  // What RingScan says of the ring behind the end.
  Result<commit::Lsn> witnessed() const;

  const RingPoint& end() const { return end_; }
  uint32_t generation() const { return generation_; }
  const std::vector<RingRun>& runs() const { return runs_; }
  // The bytes of all runs, one behind the other.
  std::vector<Buffer> take_content();
  // Of the ring that a start from here would find in use, roughly.
  uint64_t used_bytes() const;
  // What entries behind `settled` propose, in order.
  const std::vector<commit::Command>& commands() const { return commands_; }

 private:
  Result<void> take(const ScannedEntry& entry);
  Result<void> take_body(const EntryHeader& header, std::string_view body);
  bool was_read(uint64_t address, uint64_t bytes) const;
  void append(uint64_t address, std::span<const std::byte> bytes);

  const RingFiles& files_;
  const commit::Lsn settled_;
  const OnFile on_file_;
  RingPoint end_;
  uint32_t generation_ = 0;
  bool lapped_ = false;
  std::vector<RingRun> runs_;
  std::vector<Buffer> content_;
  std::string pending_;              // the newest bytes of the content
  std::optional<std::string> body_;  // of an entry whose fragments are being collected
  std::vector<commit::Command> commands_;
};

}  // namespace millrace::log
