#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "commit/leader_epochs.h"
#include "commit/reader.h"
#include "io/executor.h"
#include "log/partitions/partition.h"
#include "log/partitions/piece_batches.h"

namespace millrace::log {

struct ReadStream;

// A piece of a segment file in memory: read, checked, every batch with its offset.
struct LoadedPiece {
  uint64_t file = 0;
  uint64_t position = 0;
  uint64_t bytes = 0;
  uint64_t memory_bytes = 0;  // of all that was read with it if it is the last of that, else 0
  int64_t base_offset = 0;
  int64_t end_offset = 0;
  std::vector<PlacedBatch> batches;

  bool is(const LogPiece& piece) const;
};

// ReadAhead: settled records, read before they are asked for.
//
// Whoever reads a partition from where an earlier read of it ended is taken for a stream. While
// the answer is on its way, what follows is read on the executor that the stream's reads run on,
// up to kWindowBytes; a read takes what is held and gives back what it did not use. What a piece
// is and where it stands is looked up for every read: what is held only stands in for reading a
// file that never changes. So a file that was merged, compacted or removed meanwhile is no matter:
// nobody asks for its pieces any more.
//
// Memory:     `bytes_max` of all streams together. What a stream holds that nobody asked for during
//             kIdleNs goes when another one needs the room; where there is none, a stream reads as
//             if there were no reading ahead.
// Threading:  synchronised inside; one read at a time has a stream.
// Ownership:  outlives the tasks of the executors it is given.
// Failure:    what cannot be read ahead is not held; whoever comes to it reads it, and is told.
class ReadAhead {
 public:
  static constexpr uint64_t kChunkBytes = 1 << 20;   // read at once
  static constexpr uint64_t kWindowBytes = 2 << 20;  // ahead of a stream
  static constexpr size_t kStreamsMax = 4096;
  static constexpr int64_t kIdleNs = io::kNsPerSecond;

  // One read of one partition.
  //
  // Order:      load*, in the order of offsets; finish, once.
  // Threading:  confined to the executor that the read runs on.
  class Turn {
   public:
    // The first of `pieces`, all of segment files: what is held, else read together with those
    // behind it that follow in the file, up to kChunkBytes.
    Result<const LoadedPiece*> load(std::span<const LogPiece> pieces,
                                    const commit::LeaderEpochs& epochs);
    // The last one was in memory when the read came.
    bool held() const { return held_pieces_ > 0; }
    // Some piece of a file was asked for; for some of them a file was read.
    bool used() const { return used_; }
    bool waited() const { return file_bytes_ > 0; }

   private:
    friend class ReadAhead;
    std::shared_ptr<ReadStream> stream_;  // null: none was at this offset
    std::deque<LoadedPiece> loaded_;
    size_t held_pieces_ = 0;  // of them, in front
    bool used_ = false;
    uint64_t file_bytes_ = 0;  // read
  };

  explicit ReadAhead(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // Where the stream that one of these continues is read, so that a read stands in line behind
  // what is read for it; null: there is none.
  io::Executor* executor_of(const std::vector<commit::PartitionRead>& reads) const;

  Turn take(commit::PartitionId partition, int64_t offset);
  // The next read is expected at `next`; of what is below `end` something is read ahead, on
  // `executor`, which is the caller's.
  void finish(Turn turn, const PartitionPtr& partition, int64_t next, int64_t end,
              io::Executor& executor);

  uint64_t held_bytes() const;
  uint64_t file_bytes() const;  // read, ahead or while a read waited

 private:
  using Key = std::pair<commit::PartitionId, int64_t>;
  using StreamPtr = std::shared_ptr<ReadStream>;

  // With mutex_ held.
  void place(const StreamPtr& stream);
  void displace(const StreamPtr& stream);
  void hold(ReadStream& stream, std::deque<LoadedPiece> pieces);
  void drop_held(ReadStream& stream);
  bool make_room(uint64_t bytes, io::MonotonicTime now);

  // Reads one chunk and comes back for the next.
  void read_on(const StreamPtr& stream, const PartitionPtr& partition, int64_t end,
               io::Executor& executor);
  std::optional<int64_t> begin_chunk(ReadStream& stream, int64_t end, io::MonotonicTime now);
  // False: there is nothing more to read.
  bool end_chunk(ReadStream& stream, uint64_t turn, std::deque<LoadedPiece> loaded);

  const uint64_t bytes_max_;
  mutable std::mutex mutex_;
  std::map<Key, StreamPtr> streams_;
  std::list<StreamPtr> by_use_;  // the one used last in front
  uint64_t held_bytes_ = 0;      // with what is being read
  uint64_t file_bytes_ = 0;
};

}  // namespace millrace::log
