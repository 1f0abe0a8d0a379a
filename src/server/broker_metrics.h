#pragma once

#include "broker/broker.h"
#include "server/metrics_text.h"
#include "server/topic_status.h"

namespace millrace::server {

// What is told of the Kafka server: its clients, what they asked by API, what they may.
void tell_broker(MetricsText& text, const broker::Broker& broker);
// Groups with their lag behind `topics`, and transactions.
void tell_coordinators(MetricsText& text, const broker::BrokerStatus& status,
                       const TopicStatuses& topics);

}  // namespace millrace::server
