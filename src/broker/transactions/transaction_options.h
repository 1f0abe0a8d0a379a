#pragma once

#include <cstdint>

namespace millrace::broker {

class BrokerSettings;

// TransactionOptions: times of transactions. A plain value; the names in brackets are those that
// Kafka gives the settings.
struct TransactionOptions {
  int32_t timeout_ms_max = 900'000;  // transaction.max.timeout.ms
  // How often open ones are looked at
  // (transaction.abort.timed.out.transaction.cleanup.interval.ms).
  int64_t check_ms = 10'000;
  // An id is forgotten that is not used for so long (transactional.id.expiration.ms).
  int64_t unused_ms = int64_t{7} * 24 * 3600 * 1000;
  // How often (transaction.remove.expired.transaction.cleanup.interval.ms).
  int64_t unused_check_ms = 3'600'000;
};

// As the settings say at this moment.
TransactionOptions transaction_options(const BrokerSettings& settings);

}  // namespace millrace::broker
