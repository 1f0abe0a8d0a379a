#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/histogram.h"
#include "base/memory_account.h"
#include "base/result.h"
#include "broker/machines.h"
#include "commit/commit_log.h"
#include "formats/builtin.h"
#include "io/world.h"
#include "session/session.h"

namespace millrace::node {

struct NodeOptions {
  // Where log and state live. `durable` false: nothing is synced, for a folder that goes at the
  // end.
  std::string data_folder;
  bool durable = true;
  uint64_t ring_bytes_max = 256 << 20;
  uint32_t workers = 0;  // 0: as many as the machine has cores
  // Lines of 'print' sinks.
  std::function<void(std::string_view)> print;
  // A sync of the log failed: the process must stop, with an exit code that is not zero.
  std::function<void(const Error&)> on_fatal;
};

// What those who watch a node see of its log.
// Batches that readers were given. A plain value.
struct GivenBatches {
  uint64_t batches = 0;
  uint64_t bytes = 0;
};

// What readers of partitions were given since the start, and where it came from. A plain value.
struct ReadStatus {
  GivenBatches from_ring;
  GivenBatches from_files;
  GivenBatches from_ahead;  // of files, and in memory when the read came
  uint64_t ahead_hits = 0;  // reads of files that did not wait for them
  uint64_t ahead_misses = 0;
  uint64_t ahead_held_bytes = 0;
  uint64_t file_bytes_read = 0;
};

struct LogStatus {
  commit::Lsn visible;
  uint64_t ring_bytes = 0;
  uint64_t unsettled_bytes = 0;
  uint64_t groups_written = 0;
  uint64_t checkpoint_generation = 0;
  uint64_t compactions = 0;
  uint64_t compacted_bytes_read = 0;
  uint64_t compacted_bytes_written = 0;
  HistogramCounts group_bytes;  // of groups in the ring
  HistogramCounts sync_ns;      // how long each of their syncs took
  uint64_t segment_bytes_written = 0;
  uint64_t merged_bytes_written = 0;
  size_t damages = 0;  // bodies that recovery could not read
  ReadStatus reads;
};

// Node: all modules of one process, built in order, registered, and torn down in the reverse order.
//
// Threading:  open, new_session and the destructor from the owner's thread, which is no executor's.
// Ownership:  the world outlives the node, the node its sessions.
// Failure:    open: what the log says of the data directory (kInUse, kVersionMismatch,
//             kRingDamaged, kIoFailed …).
class Node {
 public:
  static Result<std::unique_ptr<Node>> open(io::World world, NodeOptions options);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  // `always_execute`: as session::Resources.
  std::unique_ptr<session::Session> new_session(bool always_execute = false);
  commit::CommitLog& log();
  LogStatus log_status();
  // What running jobs hold.
  const MemoryAccount& memory() const;
  // What a broker on this node needs, registered with the log.
  const broker::Machines& broker_machines() const;
  const formats::Formats& formats() const;

 private:
  struct Modules;
  explicit Node(std::unique_ptr<Modules> modules);
  std::unique_ptr<Modules> modules_;
};

}  // namespace millrace::node
