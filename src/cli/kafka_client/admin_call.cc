#include "cli/kafka_client/admin_call.h"

#include <librdkafka/rdkafka.h>

namespace millrace::cli {
namespace {

struct QueueDeleter {
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
};
struct OptionsDeleter {
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
};

}  // namespace

void AdminEventDeleter::operator()(rd_kafka_op_s* event) const {
  rd_kafka_event_destroy(event);
}

Result<AdminEvent> call_admin(
    KafkaHandle& client,
    const std::function<void(const rd_kafka_AdminOptions_s*, rd_kafka_queue_s*)>& start) {
  const std::unique_ptr<rd_kafka_queue_t, QueueDeleter> queue(rd_kafka_queue_new(client.get()));
  const std::unique_ptr<rd_kafka_AdminOptions_t, OptionsDeleter> options(
      rd_kafka_AdminOptions_new(client.get(), RD_KAFKA_ADMIN_OP_ANY));
  char text[512] = {};
  rd_kafka_AdminOptions_set_request_timeout(options.get(), client.answer_ms(), text, sizeof text);
  start(options.get(), queue.get());
  // The call ends itself after its timeout.
  AdminEvent event(rd_kafka_queue_poll(queue.get(), -1));
  client.poll(0);
  const auto code = rd_kafka_event_error(event.get());
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return event;
  const char* told = rd_kafka_event_error_string(event.get());
  return client.failure(code, told == nullptr ? "" : told);
}

}  // namespace millrace::cli
