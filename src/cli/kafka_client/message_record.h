#pragma once

#include <memory>

#include "cli/kafka_client/client_record.h"

struct rd_kafka_message_s;

namespace millrace::cli {

struct MessageDeleter {
  void operator()(rd_kafka_message_s* message) const;
};
using Message = std::unique_ptr<rd_kafka_message_s, MessageDeleter>;

// The message's record, as views into it.
void record_of(const rd_kafka_message_s& message, ClientRecord& record);

}  // namespace millrace::cli
