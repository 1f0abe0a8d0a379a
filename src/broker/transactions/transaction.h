#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "broker/transactions/transaction_record.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

// A producer as a request names it.
struct ProducerIdentity {
  int64_t id = -1;
  int16_t epoch = -1;
  friend bool operator==(const ProducerIdentity&, const ProducerIdentity&) = default;
};

// What a producer is about to write in its transaction. A plain value.
struct TransactionClaim {
  std::string id;  // transactional
  ProducerIdentity producer;
  std::set<TransactionPartition> partitions;
  bool joins = false;  // they become part of the transaction, if they are not yet
};

// Markers that end a transaction in all of its partitions.
struct TransactionEnd {
  ProducerIdentity producer;  // that the markers carry: a higher epoch fences what comes late
  bool commit = false;
  std::set<TransactionPartition> partitions;
};

// What a call to a Transaction came to.
struct TransactionStep {
  kafka::ProtocolError error = kafka::ProtocolError::kNone;
  ProducerIdentity producer;  // that the client goes on with
  // To be written, with the end, in one entry of the log. Then finish() must be called; not so for
  // partitions that are added. With neither the call is done.
  std::optional<TransactionRecord> record;
  std::optional<TransactionEnd> end;
};

// Transaction: what one transactional id is in the midst of.
//
//                add partitions             end, time is up, the producer begins anew
//   Empty ─────────────────────► Ongoing ─────────────────────► CompleteCommit / CompleteAbort
//                                   ▲                                       │
//                                   └────────────── add partitions ─────────┘
//
// Decision, markers, offsets and completion are one entry of the log: no state lies between them,
// nothing is left half done by a crash. While that entry is on its way other calls are told
// CONCURRENT_TRANSACTIONS, and clients try again. It does no I/O and reads no clock.
//
// Partitions count as soon as they are added: their record only has to stand in the log before what
// is written to them. So a crash may lose some that a client was told of, with all that it wrote to
// them, none of which was acknowledged. Until the first end after a start, therefore, what a
// producer writes to is part of its transaction again, and an end finds something to end.
//
// Two forms live side by side, and a client chooses with each call. In the first one it names
// partitions before it writes to them, and its epoch stays when the transaction ends; so what it
// wrote must stand before the end does (hold). In the second one (KIP-890) what it writes to
// becomes part of the transaction, whose end has a new epoch: what comes late is fenced by that.
//
// Threading:  confined to one task.
// Order:      a step that must be finished is so before the next one begins.
class Transaction {
 public:
  // One that was stored, or a new one.
  Transaction() = default;
  explicit Transaction(TransactionRecord stored) : record_(std::move(stored)), reopened_(true) {}

  // InitProducerId. `known`: what the producer says it is, if it was one; `fresh_id`: never given
  // out before. An open transaction is aborted, and its producer fenced.
  TransactionStep begin_producer(int32_t timeout_ms, std::optional<ProducerIdentity> known,
                                 int64_t fresh_id, int64_t now_ms);
  TransactionStep add_partitions(ProducerIdentity producer,
                                 const std::set<TransactionPartition>& partitions,
                                 int16_t client_version, int64_t now_ms);
  // The producer writes to all of these now. `joins`: they are added where they are missing.
  TransactionStep claim(ProducerIdentity producer, const std::set<TransactionPartition>& partitions,
                        bool joins, int64_t now_ms);
  // The record of partitions that were added could not be written: whoever needs them next has one.
  void not_written() { unwritten_ = true; }

  // Something that was verified is being written. EndTxn of the first form waits until release:
  // CONCURRENT_TRANSACTIONS.
  void hold() { ++held_; }
  void release() { --held_; }

  // EndTxn below version 5: the epoch stays.
  TransactionStep end(ProducerIdentity producer, bool commit, int64_t now_ms);
  // EndTxn from version 5 on: each transaction has an epoch of its own.
  TransactionStep end_with_new_epoch(ProducerIdentity producer, bool commit, int64_t fresh_id,
                                     int64_t now_ms);
  // Aborts what has been open for longer than its timeout; nothing else has a record.
  TransactionStep expire(int64_t now_ms);
  // Whether it may be forgotten, for it was not used for `after_ms`. Then it is pending, until it
  // goes or keep says that it stays.
  bool start_forgetting(int64_t now_ms, int64_t after_ms);
  void keep() { pending_ = false; }

  // The step's record became durable, or could not.
  void finish(const TransactionStep& step, bool durable);

  const TransactionRecord& record() const { return record_; }
  bool exists() const { return record_.producer_id >= 0; }
  // A step that must be finished is on its way to the log.
  bool pending() const { return pending_; }

 private:
  // Nothing has to be written.
  TransactionStep answered(kafka::ProtocolError error) const;
  TransactionStep write(TransactionRecord record, std::optional<TransactionEnd> end);
  // Whether it is the producer that has this transaction now.
  kafka::ProtocolError check(ProducerIdentity producer) const;
  // Its open transaction, which is not about to end, has all of these.
  bool covers(const std::set<TransactionPartition>& partitions) const;
  // The open transaction's end, in `record`.
  TransactionEnd complete(TransactionRecord& record, bool commit, int16_t marker_epoch,
                          int64_t now_ms) const;
  // One more epoch; a new id where they are used up.
  void raise_epoch(TransactionRecord& record, int64_t fresh_id) const;
  // Whether a request with an older epoch is one that was answered already, and the answer lost.
  bool is_retry(ProducerIdentity producer) const;

  TransactionRecord record_;
  int16_t last_epoch_ = -1;  // before the last time that a known producer began anew; -1: none
  bool pending_ = false;
  bool unwritten_ = false;
  bool reopened_ = false;  // read from the log at a start, and not ended since
  uint32_t held_ = 0;
};

}  // namespace millrace::broker
