#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "cli/kafka_client/kafka_handle.h"

struct rd_kafka_op_s;
struct rd_kafka_queue_s;
struct rd_kafka_AdminOptions_s;

namespace millrace::cli {

struct AdminEventDeleter {
  void operator()(rd_kafka_op_s* event) const;
};
// The answer of an administrative call of librdkafka.
using AdminEvent = std::unique_ptr<rd_kafka_op_s, AdminEventDeleter>;

// Starts a call and waits for its answer. Failure: that of the whole call; its parts have their
// own.
Result<AdminEvent> call_admin(
    KafkaHandle& client,
    const std::function<void(const rd_kafka_AdminOptions_s*, rd_kafka_queue_s*)>& start);

}  // namespace millrace::cli
