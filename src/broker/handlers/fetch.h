#pragma once

#include <memory>

#include "broker/cluster.h"
#include "broker/fetch/fetch_sessions.h"
#include "broker/fetch/fetch_waits.h"
#include "broker/handler.h"
#include "broker/topics/topic_directory.h"
#include "commit/reader.h"
#include "kafka/messages/fetch.h"

namespace millrace::broker {

// Fetch: whole batches from the offset on, or from the batch that holds it. Waits, without polling,
// until there are `min_bytes` or `max_wait_ms` are over.
class FetchHandler final : public TypedHandler<kafka::FetchRequest, kafka::FetchResponse> {
 public:
  FetchHandler(commit::Reader& reader, const TopicDirectory& topics, FetchSessions& sessions,
               FetchWaits& waits, const Cluster& cluster)
      : reader_(reader), topics_(topics), sessions_(sessions), waits_(waits), cluster_(cluster) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  // The session that the request speaks of; null with kNone: none. `opens`: it is a new one.
  struct Session {
    FetchSessionPtr session;
    kafka::ProtocolError error = kafka::ProtocolError::kNone;
    bool incremental = false;
  };
  Session session_of(const Call& call, const Request& request);
  // What is wrong with a partition before anything is read.
  kafka::ProtocolError check(const FetchedPartition& partition, const KnownTopicPtr& topic,
                             bool by_id) const;

  commit::Reader& reader_;
  const TopicDirectory& topics_;
  FetchSessions& sessions_;
  FetchWaits& waits_;
  const Cluster& cluster_;
};

}  // namespace millrace::broker
