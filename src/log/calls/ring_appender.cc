#include "log/calls/ring_appender.h"

#include <fmt/core.h>

#include "log/calls/reply.h"

namespace millrace::log {

using commit::Appended;
using commit::PartitionBatch;

Result<Submission> RingAppender::make(std::vector<PartitionBatch> batches) const {
  Submission submission;
  submission.entry.type = EntryType::kAppend;
  auto& producers = submission.entry.detail.emplace<LogEntry::Append>().producers;
  std::vector<Buffer> body;
  for (PartitionBatch& part : batches) {
    const PartitionPtr partition = ledger_.partition(part.partition);
    if (partition == nullptr) {
      return Error(ErrorCode::kTopicNotFound,
                   fmt::format("there is no partition {} of topic {}", part.partition.index,
                               part.partition.topic.value()));
    }
    if (auto why = partition->quarantined()) return std::move(*why);
    submission.entry.rows.push_back({.partition = part.partition,
                                     .max_timestamp_ms = part.batch.max_timestamp_ms,
                                     .records = part.batch.records,
                                     .bytes = static_cast<uint32_t>(part.batch.bytes.bytes())});
    producers.push_back(MILLRACE_TRY(read_producer(part.batch.bytes.span())));
    if (auto& producer = producers.back()) producer->counts_from_zero = part.batch.counts_from_zero;
    body.push_back(std::move(part.batch.bytes));
  }
  submission.set_body(std::move(body));
  const uint64_t header = entry_header_bytes(EntryType::kAppend, submission.entry.rows.size());
  if (submission.body_bytes > writer_.body_bytes_max() || header > writer_.group_bytes_max() / 2) {
    return Error(ErrorCode::kRecordTooLarge,
                 fmt::format("{} bytes in {} batches were given, the log takes {} at once",
                             submission.body_bytes, batches.size(), writer_.body_bytes_max()))
        .remedy("Send smaller batches.");
  }
  submission.cut_body(writer_.group_bytes_max());
  return submission;
}

void RingAppender::submit(std::vector<PartitionBatch> batches, commit::Acks acks,
                          io::Executor& executor, AllDone done) {
  auto submission = make(std::move(batches));
  if (!submission) {
    return reply<std::vector<Appended>>(executor, std::move(done), std::move(submission.error()));
  }
  submission->answer_when_assigned = acks == commit::Acks::kAssigned;
  submission->carried = acks == commit::Acks::kCarried;
  submission->done = [&executor, done = std::move(done)](Result<void> result,
                                                         LogEntry& entry) mutable {
    if (!result) {
      return reply<std::vector<Appended>>(executor, std::move(done), std::move(result.error()));
    }
    std::vector<Appended> appended;
    const auto& [partitions, producers, duplicate_of] = std::get<LogEntry::Append>(entry.detail);
    for (size_t i = 0; i < entry.rows.size(); ++i) {
      appended.push_back({.lsn = entry.lsn,
                          .base_offset = duplicate_of.value_or(entry.rows[i].base_offset),
                          .start_offset = partitions[i]->start_offset()});
    }
    reply<std::vector<Appended>>(executor, std::move(done), std::move(appended));
  };
  writer_.submit(Lane::kClient, std::move(*submission));
}

void RingAppender::append(commit::PartitionId partition, commit::RecordBatch batch,
                          commit::Acks acks, io::Executor& executor,
                          io::Completion<Result<Appended>> done) {
  std::vector<PartitionBatch> batches;
  batches.push_back({partition, std::move(batch)});
  submit(std::move(batches), acks, executor,
         [done = std::move(done)](Result<std::vector<Appended>> all) mutable {
           done(all ? Result<Appended>(all->front()) : Result<Appended>(std::move(all.error())));
         });
}

void RingAppender::append_all(std::vector<PartitionBatch> batches, io::Executor& executor,
                              AllDone done) {
  submit(std::move(batches), commit::Acks::kDurable, executor, std::move(done));
}

}  // namespace millrace::log
