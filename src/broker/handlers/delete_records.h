#pragma once

#include <memory>

#include "broker/handler.h"
#include "broker/topics/topic_directory.h"
#include "commit/commit_log.h"
#include "kafka/messages/delete_records.h"

namespace millrace::broker {

// DeleteRecords: what lies before an offset goes, for good; -1: all that is visible. Each partition
// has its own answer: 3, 17 (a topic that the broker needs), 44 (a topic that keeps the newest
// record of each key), 1 (an offset that is not there).
class DeleteRecordsHandler final
    : public TypedHandler<kafka::DeleteRecordsRequest, kafka::DeleteRecordsResponse> {
 public:
  DeleteRecordsHandler(commit::CommitLog& log, const TopicDirectory& topics)
      : log_(log), topics_(topics) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  class Deletion;

  commit::CommitLog& log_;
  const TopicDirectory& topics_;
};

}  // namespace millrace::broker
