#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "base/result.h"
#include "formats/format.h"
#include "io/executor.h"
#include "io/file_system.h"

namespace millrace::connectors {

// BlockReads: ranges of one file, read on an executor that may block, taken by a task that may not.
//
// Threading:  request and take from one task; the reads run on `executor`, one after another.
// Ownership:  shared with the reads under way: outlives its reader until the last of them is done.
class BlockReads : public std::enable_shared_from_this<BlockReads> {
 public:
  struct Block {
    formats::ByteRange range;
    Result<Buffer> bytes;
  };

  BlockReads(std::unique_ptr<io::File> file, io::Executor& executor, io::Wake wake)
      : file_(std::move(file)), executor_(executor), wake_(std::move(wake)) {}

  // Starts a read unless this range is under way already.
  void request(formats::ByteRange range);
  // What has been read since the last call.
  std::vector<Block> take();

 private:
  void read(formats::ByteRange range);

  const std::unique_ptr<io::File> file_;
  io::Executor& executor_;
  std::vector<formats::ByteRange> under_way_;  // the task's
  std::mutex mutex_;
  std::vector<Block> done_;  // guarded by mutex_
  io::Wake wake_;            // guarded by mutex_
};

}  // namespace millrace::connectors
