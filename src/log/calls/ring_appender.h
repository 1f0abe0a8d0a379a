#pragma once

#include <vector>

#include "commit/appender.h"
#include "log/ring/ring_writer.h"
#include "log/tables/ledger.h"

namespace millrace::log {

// RingAppender: appends as entries of the ring. Threading: synchronised inside.
class RingAppender final : public commit::Appender {
 public:
  RingAppender(RingWriter& writer, Ledger& ledger) : writer_(writer), ledger_(ledger) {}

  void append(commit::PartitionId partition, commit::RecordBatch batch, commit::Acks acks,
              io::Executor& executor, io::Completion<Result<commit::Appended>> done) override;
  void append_all(std::vector<commit::PartitionBatch> batches, io::Executor& executor,
                  io::Completion<Result<std::vector<commit::Appended>>> done) override;

 private:
  using AllDone = io::Completion<Result<std::vector<commit::Appended>>>;
  void submit(std::vector<commit::PartitionBatch> batches, commit::Acks acks,
              io::Executor& executor, AllDone done);
  Result<Submission> make(std::vector<commit::PartitionBatch> batches) const;

  RingWriter& writer_;
  Ledger& ledger_;
};

}  // namespace millrace::log
