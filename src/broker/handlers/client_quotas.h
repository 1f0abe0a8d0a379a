#pragma once

#include "broker/handler.h"
#include "broker/quotas/quota_table.h"
#include "commit/proposals.h"
#include "kafka/messages/alter_client_quotas.h"
#include "kafka/messages/describe_client_quotas.h"

namespace millrace::broker {

// DescribeClientQuotas: those whose entities fit a filter.
class DescribeClientQuotasHandler final
    : public TypedHandler<kafka::DescribeClientQuotasRequest, kafka::DescribeClientQuotasResponse> {
 public:
  explicit DescribeClientQuotasHandler(const QuotaTable& quotas) : quotas_(quotas) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  const QuotaTable& quotas_;
};

// AlterClientQuotas: one answer for each entity; those that are not refused become durable in one
// entry.
class AlterClientQuotasHandler final
    : public TypedHandler<kafka::AlterClientQuotasRequest, kafka::AlterClientQuotasResponse> {
 public:
  explicit AlterClientQuotasHandler(commit::Proposals& proposals) : proposals_(proposals) {}

 protected:
  void handle(Call call, Request request, Reply<Response> reply) override;

 private:
  commit::Proposals& proposals_;
};

}  // namespace millrace::broker
