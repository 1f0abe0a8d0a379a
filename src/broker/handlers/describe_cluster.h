#pragma once

#include "broker/cluster.h"
#include "broker/handler.h"
#include "commit/proposals.h"
#include "kafka/messages/describe_cluster.h"
#include "kafka/messages/describe_quorum.h"

namespace millrace::broker {

// DescribeCluster: the one broker, which is its own controller.
class DescribeClusterHandler final
    : public TypedHandler<kafka::DescribeClusterRequest, kafka::DescribeClusterResponse> {
 public:
  explicit DescribeClusterHandler(const Cluster& cluster) : cluster_(cluster) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  const Cluster& cluster_;
};

// DescribeQuorum: one voter. What other brokers keep in the topic `__cluster_metadata` is a table
// of the log here; its end is the number of changes.
class DescribeQuorumHandler final
    : public TypedHandler<kafka::DescribeQuorumRequest, kafka::DescribeQuorumResponse> {
 public:
  DescribeQuorumHandler(const commit::Proposals& proposals, const Cluster& cluster)
      : proposals_(proposals), cluster_(cluster) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  Response::Partition describe(int16_t version) const;

  const commit::Proposals& proposals_;
  const Cluster& cluster_;
};

}  // namespace millrace::broker
