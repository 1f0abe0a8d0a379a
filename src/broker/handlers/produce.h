#pragma once

#include "broker/handler.h"
#include "broker/topics/topic_directory.h"
#include "commit/appender.h"
#include "io/clock.h"
#include "kafka/messages/produce.h"

namespace millrace::broker {

// Produce: one batch a partition into the log. With acks=all the answer comes when all are synced,
// with acks=1 when they have their offsets; acks=0 has none, and an error then ends the connection,
// so that the client notices.
class ProduceHandler final : public TypedHandler<kafka::ProduceRequest, kafka::ProduceResponse> {
 public:
  ProduceHandler(commit::Appender& appender, const TopicDirectory& topics, const io::Clock& clock)
      : appender_(appender), topics_(topics), clock_(clock) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  class Gathering;
  using Partition = Request::Partition;
  void append(const Call& call, const KnownTopicPtr& topic, Partition partition,
              const std::shared_ptr<Gathering>& gathering, size_t at_topic, size_t at_partition);

  commit::Appender& appender_;
  const TopicDirectory& topics_;
  const io::Clock& clock_;
};

}  // namespace millrace::broker
