#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "broker/fetch/fetch_waits.h"
#include "commit/reader.h"
#include "io/clock.h"
#include "io/executor.h"

namespace millrace::broker {

// WaitingFetch: reads partitions until they give enough, or time is over; between two reads it
// hangs on the partitions and costs nothing.
//
// Threading:  confined to the executor.
// Ownership:  keeps itself until it has answered; reader, executor and waits outlive the answer.
class WaitingFetch : public std::enable_shared_from_this<WaitingFetch> {
 public:
  struct Wanted {
    commit::ReadRequest request;
    uint64_t bytes_min = 1;
    int64_t wait_ns = 0;
  };
  using Done = io::Completion<Result<std::vector<commit::PartitionData>>>;

  // REQUIRES: called on `executor`.
  static void start(commit::Reader& reader, io::Executor& executor, FetchWaits& waits,
                    Wanted wanted, Done done);
  // Answers with what there is; from any thread.
  void hurry();

  WaitingFetch(commit::Reader& reader, io::Executor& executor, FetchWaits& waits, Wanted wanted,
               Done done)
      : reader_(reader),
        executor_(executor),
        waits_(waits),
        wanted_(std::move(wanted)),
        deadline_(executor.now() + wanted_.wait_ns),
        done_(std::move(done)) {}

 private:
  void read();
  void take(Result<std::vector<commit::PartitionData>> data);
  // Hangs on every partition, behind what it has shown already.
  void wait(const std::vector<commit::PartitionData>& data);
  void wake(uint64_t round);

  commit::Reader& reader_;
  io::Executor& executor_;
  FetchWaits& waits_;
  const Wanted wanted_;
  const io::MonotonicTime deadline_;
  Done done_;
  bool timer_set_ = false;
  bool waiting_ = false;
  uint64_t round_ = 0;  // of waiting; a wake of an older one is nothing
  std::vector<std::unique_ptr<commit::Watch>> watches_;
};

}  // namespace millrace::broker
