#include "broker/transactions/transaction_options.h"

#include "broker/settings/broker_settings.h"

namespace millrace::broker {

TransactionOptions transaction_options(const BrokerSettings& settings) {
  return {
      .timeout_ms_max = static_cast<int32_t>(settings.number("transaction.max.timeout.ms")),
      .check_ms = settings.number("transaction.abort.timed.out.transaction.cleanup.interval.ms"),
      .unused_ms = settings.number("transactional.id.expiration.ms"),
      .unused_check_ms =
          settings.number("transaction.remove.expired.transaction.cleanup.interval.ms"),
  };
}

}  // namespace millrace::broker
