#include "broker/transactions/transaction_coordinator.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "broker/topics/topic_maker.h"
#include "broker/transactions/marker.h"
#include "record/batch_builder.h"
#include "record/batch_view.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

// So much is forgotten in one go.
constexpr size_t kForgottenBytesMax = 64 * 1024;

TransactionAnswer refused(ProtocolError error) {
  return {.error = error, .producer = {}};
}

struct StoredRecord {
  std::string key;
  std::optional<std::string> value;  // nullopt: the transaction is forgotten
};

commit::RecordBatch record_batch(const std::vector<StoredRecord>& stored, int64_t now_ms) {
  record::BatchBuilder builder;
  for (const auto& [key, value] : stored) {
    const auto appended =
        builder.append({.timestamp_ms = now_ms, .key = key, .value = value, .headers = {}});
    MILLRACE_ASSERT(appended.has_value());
  }
  auto batch = commit::RecordBatch::of(builder.build());
  MILLRACE_ASSERT(batch.has_value());
  return *std::move(batch);
}

}  // namespace

std::shared_ptr<TransactionCoordinator> TransactionCoordinator::start(Parts parts,
                                                                      TransactionOptions options) {
  auto coordinator = std::make_shared<TransactionCoordinator>(parts, options);
  coordinator->run([self = coordinator.get()] { self->load(); });
  return coordinator;
}

template <class Call>
void TransactionCoordinator::run(Call call) {
  parts_.executor.post([self = weak_from_this(), call = std::move(call)]() mutable {
    if (const auto alive = self.lock()) call();
  });
}

void TransactionCoordinator::stop(io::Wake done) {
  run([this, done = std::move(done)]() mutable {
    stopped_ = true;
    take_waiting();
    if (asked_ == 0) return done();
    drained_ = std::move(done);
  });
}

void TransactionCoordinator::answered() {
  if (--asked_ == 0 && drained_) std::exchange(drained_, nullptr)();
}

ProtocolError TransactionCoordinator::ready() const {
  if (stopped_ || failed_) return ProtocolError::kCoordinatorNotAvailable;
  return loaded_ ? ProtocolError::kNone : ProtocolError::kCoordinatorLoadInProgress;
}

// ---- What clients ask -------------------------------------------------------------------------

void TransactionCoordinator::begin_producer(std::string id, int32_t timeout_ms,
                                            std::optional<ProducerIdentity> known, Done done) {
  if (timeout_ms <= 0 || timeout_ms > options_.timeout_ms_max) {
    return done(refused(ProtocolError::kInvalidTransactionTimeout));
  }
  parts_.producer_ids.next([self = shared_from_this(), id = std::move(id), timeout_ms, known,
                            done = std::move(done)](Result<int64_t> fresh) mutable {
    self->run([self = self.get(), id = std::move(id), timeout_ms, known, fresh = std::move(fresh),
               done = std::move(done)]() mutable {
      const ProtocolError error = fresh ? self->ready() : ProtocolError::kCoordinatorNotAvailable;
      if (error != ProtocolError::kNone) return done(refused(error));
      auto step = self->transactions_[id].begin_producer(timeout_ms, known, *fresh, self->now_ms());
      self->carry_out(id, std::move(step), std::move(done));
    });
  });
}

void TransactionCoordinator::add_partitions(std::string id, ProducerIdentity producer,
                                            std::set<TransactionPartition> partitions, Done done) {
  run([this, id = std::move(id), producer, partitions = std::move(partitions),
       done = std::move(done)]() mutable {
    if (const ProtocolError error = ready(); error != ProtocolError::kNone) {
      return done(refused(error));
    }
    const auto found = transactions_.find(id);
    if (found == transactions_.end()) {
      return done(refused(ProtocolError::kInvalidProducerIdMapping));
    }
    add(id, found->second.add_partitions(producer, partitions, kOneEpoch, now_ms()),
        std::move(done));
  });
}

void TransactionCoordinator::add_offsets(std::string id, ProducerIdentity producer,
                                         std::string group, Done done) {
  parts_.groups.locate(
      std::move(group), [self = shared_from_this(), id = std::move(id), producer,
                         done = std::move(done)](Result<commit::PartitionId> at) mutable {
        if (!at) return done(refused(ProtocolError::kCoordinatorNotAvailable));
        self->add_partitions(std::move(id), producer,
                             {{std::string(kGroupTopic), static_cast<int32_t>(at->index)}},
                             std::move(done));
      });
}

void TransactionCoordinator::end(std::string id, ProducerIdentity producer, bool commit,
                                 bool new_epoch, Done done) {
  const auto end_with = [this, producer, commit, new_epoch](const std::string& of, int64_t fresh,
                                                            Done then) {
    if (const ProtocolError error = ready(); error != ProtocolError::kNone) {
      return then(refused(error));
    }
    const auto found = transactions_.find(of);
    if (found == transactions_.end()) {
      return then(refused(ProtocolError::kInvalidProducerIdMapping));
    }
    Transaction& transaction = found->second;
    carry_out(of,
              new_epoch ? transaction.end_with_new_epoch(producer, commit, fresh, now_ms())
                        : transaction.end(producer, commit, now_ms()),
              std::move(then));
  };
  if (!new_epoch) {
    return run([end_with, id = std::move(id), done = std::move(done)]() mutable {
      end_with(id, -1, std::move(done));
    });
  }
  parts_.producer_ids.next([self = shared_from_this(), end_with, id = std::move(id),
                            done = std::move(done)](Result<int64_t> fresh) mutable {
    if (!fresh) return done(refused(ProtocolError::kCoordinatorNotAvailable));
    self->run([end_with, id = std::move(id), fresh = *fresh, done = std::move(done)]() mutable {
      end_with(id, fresh, std::move(done));
    });
  });
}

void TransactionCoordinator::claim(TransactionClaim claim, Done done) {
  run([this, claim = std::move(claim), done = std::move(done)]() mutable {
    take_claim(std::move(claim), std::move(done));
  });
}

void TransactionCoordinator::take_claim(TransactionClaim claim, Done done) {
  const ProtocolError error = ready();
  if (error == ProtocolError::kCoordinatorLoadInProgress) {
    waiting_.push_back({std::move(claim), std::move(done)});
    return;
  }
  if (error != ProtocolError::kNone) return done(refused(error));
  const auto found = transactions_.find(claim.id);
  if (found == transactions_.end()) {
    return done(refused(ProtocolError::kInvalidProducerIdMapping));
  }
  add(claim.id, found->second.claim(claim.producer, claim.partitions, claim.joins, now_ms()),
      std::move(done));
}

void TransactionCoordinator::take_waiting() {
  for (Waiting& each : std::exchange(waiting_, {})) {
    take_claim(std::move(each.claim), std::move(each.done));
  }
}

std::shared_ptr<void> TransactionCoordinator::hold(const std::string& id) {
  transactions_[id].hold();
  return {nullptr, [weak = weak_from_this(), id](void*) {
            const auto self = weak.lock();
            if (self == nullptr) return;
            self->run([self = self.get(), id] { self->transactions_[id].release(); });
          }};
}

void TransactionCoordinator::claim_offsets(std::string id, ProducerIdentity producer,
                                           std::string group, bool joins,
                                           io::Completion<OffsetsClaim> done) {
  parts_.groups.locate(
      std::move(group), [self = shared_from_this(), id = std::move(id), producer, joins,
                         done = std::move(done)](Result<commit::PartitionId> at) mutable {
        if (!at) return done({.error = ProtocolError::kCoordinatorNotAvailable, .held = {}});
        TransactionClaim claim{
            .id = id,
            .producer = producer,
            .partitions = {{std::string(kGroupTopic), static_cast<int32_t>(at->index)}},
            .joins = joins};
        self->claim(std::move(claim), [self, id = std::move(id),
                                       done = std::move(done)](TransactionAnswer answer) mutable {
          const bool good = answer.error == ProtocolError::kNone;
          done({.error = answer.error, .held = good ? self->hold(id) : nullptr});
        });
      });
}

void TransactionCoordinator::describe(std::vector<std::string> ids,
                                      io::Completion<TransactionListing> done) {
  run([this, ids = std::move(ids), done = std::move(done)]() mutable {
    TransactionListing listing{.error = ready(), .transactions = {}};
    for (const auto& [id, transaction] : transactions_) {
      if (listing.error != ProtocolError::kNone || !transaction.exists()) continue;
      if (!ids.empty() && std::ranges::find(ids, id) == ids.end()) continue;
      listing.transactions.push_back({id, transaction.record()});
    }
    done(std::move(listing));
  });
}

// ---- What becomes durable ---------------------------------------------------------------------

void TransactionCoordinator::carry_out(const std::string& id, TransactionStep step, Done done) {
  if (!step.record) return done({.error = step.error, .producer = step.producer});
  with_topic([this, id, step = std::move(step), done = std::move(done)](auto at) mutable {
    if (!at) return written(id, step, {}, false, std::move(done));
    write(id, *at, std::move(step), std::move(done));
  });
}

void TransactionCoordinator::add(const std::string& id, TransactionStep step, Done done) {
  if (!step.record) return done({.error = step.error, .producer = step.producer});
  const auto topic = parts_.log.topics().describe(kTransactionTopic);
  if (!topic) {
    // It was there when the producer began.
    transactions_[id].not_written();
    with_topic([](const auto&) {});
    return done(refused(ProtocolError::kCoordinatorNotAvailable));
  }
  ++asked_;
  parts_.log.appender().append(
      {topic->id, 0},
      record_batch({{encode_transaction_key(id), encode_value(*step.record)}}, now_ms()),
      commit::Acks::kCarried, parts_.executor,
      [self = shared_from_this(), id](const Result<commit::Appended>& appended) {
        const auto found = self->transactions_.find(id);
        if (!appended && found != self->transactions_.end()) found->second.not_written();
        self->answered();
      });
  done({.error = step.error, .producer = step.producer});
}

void TransactionCoordinator::with_topic(io::Completion<Result<commit::PartitionId>> next) {
  const auto known = parts_.log.topics().describe(kTransactionTopic);
  if (known) return next(commit::PartitionId{known->id, 0});
  ++asked_;
  parts_.log.topics().create(
      {.name = std::string(kTransactionTopic),
       .partitions = 1,
       .config = internal_topic_config(kTransactionTopic)},
      parts_.executor,
      [self = shared_from_this(), next = std::move(next)](Result<commit::TopicId> made) mutable {
        const auto now_known = self->parts_.log.topics().describe(kTransactionTopic);
        if (now_known) {
          next(commit::PartitionId{now_known->id, 0});
        } else {
          next(made ? Error(ErrorCode::kTopicNotFound, "the topic of transactions is gone")
                    : std::move(made).error());
        }
        self->answered();
      });
}

void TransactionCoordinator::write(const std::string& id, commit::PartitionId at,
                                   TransactionStep step, Done done) {
  std::vector<commit::PartitionBatch> batches;
  batches.push_back(
      {at, record_batch({{encode_transaction_key(id), encode_value(*step.record)}}, now_ms())});
  std::vector<commit::PartitionId> offsets;
  if (step.end) {
    for (const TransactionPartition& partition : step.end->partitions) {
      const KnownTopicPtr topic = parts_.topics.find(partition.topic);
      // A topic that was deleted meanwhile has no records to be ended.
      if (topic == nullptr || !topic->has(partition.index)) continue;
      const commit::PartitionId in = topic->partition(partition.index);
      batches.push_back({in, make_marker(step.end->producer, step.end->commit, now_ms())});
      if (partition.topic == kGroupTopic) offsets.push_back(in);
    }
  }
  ++asked_;
  parts_.log.appender().append_all(
      std::move(batches), parts_.executor,
      [self = shared_from_this(), id, step = std::move(step), offsets = std::move(offsets),
       done = std::move(done)](auto appended) mutable {
        self->written(id, step, offsets, appended.has_value(), std::move(done));
        self->answered();
      });
}

void TransactionCoordinator::written(const std::string& id, const TransactionStep& step,
                                     const std::vector<commit::PartitionId>& offsets, bool durable,
                                     Done done) {
  Transaction& transaction = transactions_[id];
  transaction.finish(step, durable);
  if (!transaction.exists()) transactions_.erase(id);
  const TransactionAnswer answer{
      .error = durable ? step.error : ProtocolError::kCoordinatorNotAvailable,
      .producer = durable ? step.producer : ProducerIdentity()};
  if (!durable || offsets.empty()) return done(answer);
  // Answered when the groups know: what was committed is fetched at once.
  const auto last = std::make_shared<std::pair<size_t, Done>>(offsets.size(), std::move(done));
  for (const commit::PartitionId& partition : offsets) {
    parts_.groups.end_transaction(step.end->producer.id, partition, step.end->commit,
                                  [last, answer] {
                                    if (--last->first == 0) last->second(answer);
                                  });
  }
}

void TransactionCoordinator::expire() {
  if (stopped_) return;
  for (auto& [id, transaction] : transactions_) {
    TransactionStep step = transaction.expire(now_ms());
    if (step.record) carry_out(id, std::move(step), [](const TransactionAnswer&) {});
  }
  parts_.executor.post_at(parts_.executor.now() + options_.check_ms * io::kNsPerMs,
                          [weak = weak_from_this()] {
                            if (const auto self = weak.lock()) self->expire();
                          });
}

// ---- What nobody uses any more ----------------------------------------------------------------

void TransactionCoordinator::forget_unused() {
  if (stopped_) return;
  parts_.executor.post_at(parts_.executor.now() + options_.unused_check_ms * io::kNsPerMs,
                          [weak = weak_from_this()] {
                            if (const auto self = weak.lock()) self->forget_unused();
                          });
  std::vector<std::string> ids;
  std::vector<StoredRecord> records;
  size_t bytes = 0;
  for (auto& [id, transaction] : transactions_) {
    if (bytes > kForgottenBytesMax) break;
    if (!transaction.start_forgetting(now_ms(), options_.unused_ms)) continue;
    ids.push_back(id);
    records.push_back({encode_transaction_key(id), std::nullopt});
    bytes += records.back().key.size();
  }
  if (ids.empty()) return;
  with_topic([this, ids = std::move(ids),
              records = std::move(records)](Result<commit::PartitionId> at) mutable {
    if (!at) return forgotten(ids, false);
    ++asked_;
    parts_.log.appender().append(
        *at, record_batch(records, now_ms()), commit::Acks::kDurable, parts_.executor,
        [self = shared_from_this(), ids = std::move(ids)](const auto& appended) {
          self->forgotten(ids, appended.has_value());
          self->answered();
        });
  });
}

void TransactionCoordinator::forgotten(const std::vector<std::string>& ids, bool durable) {
  for (const std::string& id : ids) {
    if (durable) {
      transactions_.erase(id);
    } else {
      transactions_[id].keep();
    }
  }
}

// ---- What was stored --------------------------------------------------------------------------

struct TransactionCoordinator::Loading {
  commit::PartitionId partition;
  int64_t next = 0;
  record::Decompressor decompressor;
};

void TransactionCoordinator::load() {
  const auto topic = parts_.log.topics().describe(kTransactionTopic);
  if (!topic) return loaded(true);
  auto loading = std::make_shared<Loading>();
  loading->partition = {topic->id, 0};
  read_on(std::move(loading));
}

void TransactionCoordinator::loaded(bool good) {
  loaded_ = good;
  failed_ = !good;
  if (good) {
    expire();
    forget_unused();
  }
  take_waiting();
}

void TransactionCoordinator::read_on(std::shared_ptr<Loading> loading) {
  if (stopped_) return;
  ++asked_;
  parts_.log.reader().read(
      {.partitions = {{.partition = loading->partition, .offset = loading->next}},
       .isolation = commit::Isolation::kReadUncommitted},
      parts_.executor, [self = shared_from_this(), loading](auto data) {
        const bool good = data && !(*data)[0].error && self->take(*loading, (*data)[0]);
        const bool over = good && (*data)[0].batches.empty();
        if (over || !good) {
          self->loaded(good);
        } else {
          self->read_on(loading);
        }
        self->answered();
      });
}

Result<void> TransactionCoordinator::take(Loading& loading, const commit::PartitionData& data) {
  loading.next = std::max(loading.next, data.start_offset);
  for (const Buffer& bytes : data.batches) {
    const auto batch = MILLRACE_TRY(record::BatchView::read(bytes));
    auto records = MILLRACE_TRY(batch.records(loading.decompressor));
    record::Record record;
    while (MILLRACE_TRY(records.next(record))) {
      if (!record.key || record.offset < loading.next) continue;
      const std::string id = MILLRACE_TRY(decode_transaction_key(*record.key));
      if (record.value) {
        transactions_[id] = Transaction(MILLRACE_TRY(decode_transaction_value(*record.value)));
      } else {
        transactions_.erase(id);
      }
    }
    loading.next = batch.header().last_offset() + 1;
  }
  return {};
}

}  // namespace millrace::broker
