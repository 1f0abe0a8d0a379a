#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace millrace::broker {

// As Kafka numbers them. A transaction ends in one entry of the log, so the states between the
// decision and its markers are never seen here; records of a Kafka broker may hold them.
enum class TransactionState : int8_t {
  kEmpty = 0,
  kOngoing = 1,
  kPrepareCommit = 2,
  kPrepareAbort = 3,
  kCompleteCommit = 4,
  kCompleteAbort = 5,
  kDead = 6,
};
// "CompleteCommit", as clients know it.
std::string_view name_of(TransactionState state);

struct TransactionPartition {
  std::string topic;
  int32_t index = 0;
  friend auto operator<=>(const TransactionPartition&, const TransactionPartition&) = default;
};

// How a client's transactions end: all with one epoch, or each with a new one (KIP-890).
inline constexpr int16_t kOneEpoch = 0;
inline constexpr int16_t kOwnEpochs = 2;

// What is kept of one transactional id: the value of its record in `__transaction_state`, in
// Kafka's layout (TxnMetadataValue 1). A plain value.
struct TransactionRecord {
  int64_t producer_id = -1;
  int16_t producer_epoch = -1;
  int32_t timeout_ms = 0;
  TransactionState state = TransactionState::kEmpty;
  std::set<TransactionPartition> partitions;
  int64_t updated_ms = -1;
  int64_t began_ms = -1;
  int64_t previous_producer_id = -1;  // the id before this one, whose epochs were used up
  int16_t client_version = kOneEpoch;

  friend bool operator==(const TransactionRecord&, const TransactionRecord&) = default;
};

std::string encode_transaction_key(std::string_view transactional_id);
std::string encode_value(const TransactionRecord& record);
// kCorruptRecord: not the layout of its version.
Result<std::string> decode_transaction_key(std::string_view bytes);
Result<TransactionRecord> decode_transaction_value(std::string_view bytes);

}  // namespace millrace::broker
