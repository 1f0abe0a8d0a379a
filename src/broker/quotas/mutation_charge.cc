#include "broker/quotas/mutation_charge.h"

#include "kafka/messages/create_partitions.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/delete_topics.h"

namespace millrace::broker {
namespace {

// The first versions whose clients know the code.
bool knows_refusal(int16_t api, int16_t version) {
  switch (api) {
    case kafka::CreateTopicsRequest::kKey:
      return version >= 6;
    case kafka::DeleteTopicsRequest::kKey:
      return version >= 5;
    case kafka::CreatePartitionsRequest::kKey:
      return version >= 3;
    default:
      return false;
  }
}

}  // namespace

Refusal charge_mutations(const Call& call, size_t partitions) {
  if (call.toll == nullptr) return {};
  const bool may_refuse = knows_refusal(call.header.api_key, call.version());
  if (call.toll->charge_partitions(partitions, may_refuse)) return {};
  return {kafka::ProtocolError::kThrottlingQuotaExceeded,
          "The client makes and removes more partitions than its controller_mutation_rate allows."};
}

}  // namespace millrace::broker
