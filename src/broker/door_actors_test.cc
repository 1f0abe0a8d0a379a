#include "broker/door_actors_test.h"

#include "kafka/messages/api_list.h"
#include "record/batch_builder.h"

namespace millrace::broker {

using kafka::ProtocolError;

namespace {

constexpr int32_t kTransactionTimeoutMs = 20'000;
constexpr record::Codec kCodecs[] = {record::Codec::kNone, record::Codec::kGzip,
                                     record::Codec::kSnappy, record::Codec::kLz4,
                                     record::Codec::kZstd};
constexpr const char* kGroup = "readers";

}  // namespace

void DoorProducer::next() {
  switch (phase_) {
    case Phase::kInit:
      return init();
    case Phase::kIdle:
      if (!resting_) begin();
      return;
    case Phase::kWriting:
      return write();
    case Phase::kEnding:
      return end();
  }
}

void DoorProducer::init() {
  kafka::InitProducerIdRequest request;
  if (!plain()) request.transactional_id = name();
  request.transaction_timeout_ms = kTransactionTimeoutMs;
  ask<kafka::InitProducerIdResponse>(request, version(4, 5), [this](const auto* response) {
    if (response == nullptr || response->error_code != 0) return pause(100);
    producer_id_ = response->producer_id;
    epoch_ = response->producer_epoch;
    sequences_.clear();
    phase_ = Phase::kIdle;
  });
}

void DoorProducer::begin() {
  DoorTransaction& told = told_[++transaction_];
  told.outcome = plain() ? DoorOutcome::kCommitted : DoorOutcome::kAborted;
  parts_.clear();
  added_.clear();
  int count = 0;
  for (uint64_t left = 1 + random_() % 4; left > 0; --left) {
    Part& part = parts_.emplace_back();
    part.partition = static_cast<int>(random_() % kDoorPartitions);
    for (uint64_t records = 1 + random_() % 3; records > 0; --records) {
      part.values.push_back(std::to_string(number_) + "/" + std::to_string(transaction_) + "/" +
                            std::to_string(count++));
      told.records.push_back(part.values.back());
    }
  }
  if (!plain() && random_() % 2 == 0) {
    parts_.insert(parts_.begin() + static_cast<ptrdiff_t>(random_() % parts_.size()), Part());
    told.offset = true;
  }
  commits_ = random_() % 4 != 0;
  end_sent_ = false;
  phase_ = Phase::kWriting;
}

void DoorProducer::write() {
  if (parts_.empty()) {
    phase_ = plain() ? Phase::kIdle : Phase::kEnding;
    return;
  }
  const Part& part = parts_.front();
  if (form_ == DoorForm::kFirst && !added_.contains(part.partition)) return add(part);
  if (part.partition < 0) return commit_offset();
  produce(part);
}

void DoorProducer::produce(const Part& part) {
  record::BatchBuilder builder({.codec = kCodecs[random_() % std::size(kCodecs)],
                                .producer_id = producer_id_,
                                .producer_epoch = epoch_,
                                .base_sequence = sequences_[part.partition],
                                .transactional = !plain()});
  const std::string padding(random_() % 8 == 0 ? 20'000 : 10, 'x');
  for (const std::string& value : part.values) {
    (void)builder.append({.timestamp_ms = 1, .key = padding, .value = value});
  }
  kafka::ProduceRequest request;
  if (!plain()) request.transaction_id = name();
  request.acks = -1;
  auto& topic = request.topics.emplace_back();
  topic.name = kDoorTopic;
  auto& to = topic.partitions.emplace_back();
  to.index = part.partition;
  to.records.emplace().push_back(builder.build());
  ask<kafka::ProduceResponse>(request, version(9, 12), [this](const auto* response) {
    const int16_t* code =
        response == nullptr ? nullptr : &response->topics.at(0).partitions.at(0).error_code;
    if (!written(code)) return;
    const Part& done = parts_.front();
    sequences_[done.partition] += static_cast<int32_t>(done.values.size());
    parts_.pop_front();
  });
}

void DoorProducer::add(const Part& part) {
  if (part.partition < 0) {
    kafka::AddOffsetsToTxnRequest request;
    request.transactional_id = name();
    request.producer_id = producer_id_;
    request.producer_epoch = epoch_;
    request.group = group();
    return ask<kafka::AddOffsetsToTxnResponse>(request, 3, [this](const auto* response) {
      if (written(response == nullptr ? nullptr : &response->error_code)) added_.insert(-1);
    });
  }
  kafka::AddPartitionsToTxnRequest request;
  request.transactional_id = name();
  request.producer_id = producer_id_;
  request.producer_epoch = epoch_;
  request.topics.push_back({.name = kDoorTopic, .partitions = {part.partition}});
  ask<kafka::AddPartitionsToTxnResponse>(
      request, 3, [this, partition = part.partition](const auto* response) {
        const int16_t* code =
            response == nullptr ? nullptr : &response->topics.at(0).partitions.at(0).error_code;
        if (written(code)) added_.insert(partition);
      });
}

void DoorProducer::commit_offset() {
  kafka::TxnOffsetCommitRequest request;
  request.transactional_id = name();
  request.group = group();
  request.producer_id = producer_id_;
  request.producer_epoch = epoch_;
  auto& topic = request.topics.emplace_back();
  topic.name = kDoorTopic;
  topic.partitions.emplace_back().offset = transaction_;
  ask<kafka::TxnOffsetCommitResponse>(request, version(3, 5), [this](const auto* response) {
    const int16_t* code =
        response == nullptr ? nullptr : &response->topics.at(0).partitions.at(0).error_code;
    if (written(code)) parts_.pop_front();
  });
}

bool DoorProducer::written(const int16_t* code) {
  if (code != nullptr && *code == 0) return true;
  if (plain()) {  // the same again, until it is there
    if (code != nullptr) {
      EXPECT_NE(static_cast<ProtocolError>(*code), ProtocolError::kOutOfOrderSequenceNumber);
      EXPECT_NE(static_cast<ProtocolError>(*code), ProtocolError::kInvalidProducerEpoch);
    }
    pause(100);
    return false;
  }
  const auto error = code == nullptr ? ProtocolError::kNone : static_cast<ProtocolError>(*code);
  EXPECT_NE(error, ProtocolError::kInvalidRecord);
  EXPECT_NE(error, ProtocolError::kCorruptMessage);
  const bool again = error == ProtocolError::kConcurrentTransactions ||
                     error == ProtocolError::kNotEnoughReplicas ||
                     error == ProtocolError::kCoordinatorLoadInProgress;
  if (again) {
    pause(50);
  } else {
    fail();
  }
  return false;
}

void DoorProducer::fail() {
  conclude(DoorOutcome::kAborted);
  phase_ = Phase::kInit;
  pause(100);
}

void DoorProducer::end() {
  kafka::EndTxnRequest request;
  request.transactional_id = name();
  request.producer_id = producer_id_;
  request.producer_epoch = epoch_;
  request.commit = commits_;
  ask<kafka::EndTxnResponse>(request, version(3, 5), [this](const auto* response) {
    const bool lost = response == nullptr;
    const auto error = lost ? ProtocolError::kNone : ProtocolError{response->error_code};
    const bool again = lost || error == ProtocolError::kConcurrentTransactions ||
                       error == ProtocolError::kCoordinatorLoadInProgress ||
                       error == ProtocolError::kCoordinatorNotAvailable ||
                       error == ProtocolError::kNotCoordinator;
    end_sent_ = end_sent_ || lost;
    if (again && random_() % 6 != 0) return pause(50);
    if (again || error != ProtocolError::kNone) {
      fail();
      conclude(commits_ ? DoorOutcome::kUnknown : DoorOutcome::kAborted);
      return;
    }
    conclude(commits_ ? DoorOutcome::kCommitted : DoorOutcome::kAborted);
    phase_ = Phase::kIdle;
    if (form_ == DoorForm::kSecond) {
      producer_id_ = response->producer_id;
      epoch_ = response->producer_epoch;
      sequences_.clear();
    } else if (end_sent_) {
      // What comes late would be taken for a part of the next transaction.
      phase_ = Phase::kInit;
    }
  });
}

void DoorConsumer::next() {
  switch (phase_) {
    case Phase::kJoin:
      return resting_ ? pause(1'000) : join();
    case Phase::kSync:
      return sync();
    case Phase::kPositions:
      return read_positions();
    case Phase::kRead:
      return resting_ ? pause(1'000) : read();
    case Phase::kCommit:
      return commit();
    case Phase::kHeartbeat:
      return heartbeat();
  }
}

void DoorConsumer::rejoin(bool anew) {
  if (anew) member_.clear();
  phase_ = Phase::kJoin;
  pause(20);
}

bool DoorConsumer::belongs(const int16_t* code) {
  // What was sent may come yet: only as another member it is harmless.
  if (code == nullptr) return rejoin(true), false;
  switch (static_cast<ProtocolError>(*code)) {
    case ProtocolError::kNone:
      return true;
    case ProtocolError::kRebalanceInProgress:
      return rejoin(false), false;
    default:
      return rejoin(true), false;
  }
}

void DoorConsumer::join() {
  kafka::JoinGroupRequest request;
  request.group = kGroup;
  request.session_timeout_ms = 6'000;
  request.rebalance_timeout_ms = 3'000;
  request.member_id = member_;
  request.protocol_type = "consumer";
  request.protocols.push_back({.name = "own", .metadata = Buffer::copy_of("m")});
  const int32_t assigned = told_.generation;
  ask<kafka::JoinGroupResponse>(request, 5, [this, assigned](const auto* response) {
    if (response != nullptr &&
        static_cast<ProtocolError>(response->error_code) == ProtocolError::kMemberIdRequired) {
      member_ = response->member_id;
      return;
    }
    if (!belongs(response == nullptr ? nullptr : &response->error_code)) return;
    // One that no leader has assigned may come again after a crash.
    EXPECT_GE(response->generation, assigned);
    member_ = response->member_id;
    generation_ = response->generation;
    leads_ = response->leader_id == member_;
    members_.clear();
    for (const auto& member : response->members) members_.push_back(member.member_id);
    phase_ = Phase::kSync;
  });
}

void DoorConsumer::sync() {
  kafka::SyncGroupRequest request;
  request.group = kGroup;
  request.generation = generation_;
  request.member_id = member_;
  std::vector<std::string> shares(members_.size());
  for (int partition = 0; leads_ && partition < kDoorPartitions; ++partition) {
    shares[static_cast<size_t>(partition) % shares.size()] += static_cast<char>('0' + partition);
  }
  for (size_t index = 0; leads_ && index < members_.size(); ++index) {
    request.group_assignment.push_back(
        {.member_id = members_[index], .member_assignment = Buffer::copy_of(shares[index])});
  }
  ask<kafka::SyncGroupResponse>(request, 3, [this](const auto* response) {
    if (!belongs(response == nullptr ? nullptr : &response->error_code)) return;
    told_.generation = std::max(told_.generation, generation_);
    positions_.clear();
    moved_.clear();
    for (const char digit : response->member_assignment.view()) positions_[digit - '0'] = 0;
    phase_ = positions_.empty() ? Phase::kHeartbeat : Phase::kPositions;
  });
}

void DoorConsumer::read_positions() {
  kafka::OffsetFetchRequest request;
  request.group = kGroup;
  auto& topic = request.topics.emplace().emplace_back();
  topic.name = kDoorTopic;
  for (const auto& [partition, at] : positions_) topic.partitions.push_back(partition);
  ask<kafka::OffsetFetchResponse>(
      request, 7, [this, floor = told_.acknowledged](const auto* response) {
        if (!belongs(response == nullptr ? nullptr : &response->error_code)) return;
        for (const auto& partition : response->topics.at(0).partitions) {
          if (partition.error_code != 0) return rejoin(false);
          const auto least = floor.find(partition.index);
          if (least != floor.end()) {
            EXPECT_GE(partition.offset, least->second) << "went back";
          }
          positions_[partition.index] = std::max<int64_t>(partition.offset, 0);
        }
        phase_ = Phase::kRead;
      });
}

void DoorConsumer::read() {
  if (positions_.empty()) {
    phase_ = Phase::kHeartbeat;
    return;
  }
  auto of = positions_.begin();
  std::advance(of, static_cast<ptrdiff_t>(random_() % positions_.size()));
  kafka::FetchRequest request;
  request.max_wait_ms = 100;
  request.min_bytes = 1;
  request.isolation_level = 1;
  auto& topic = request.topics.emplace_back();
  topic.name = kDoorTopic;
  auto& from = topic.partitions.emplace_back();
  from.index = of->first;
  from.fetch_offset = of->second;
  from.partition_max_bytes = 30'000;
  ask<kafka::FetchResponse>(request, 11, [this, partition = of->first](const auto* response) {
    if (response == nullptr) return rejoin(true);
    DoorRead read = read_partition(*response, positions_[partition]);
    if (read.next != positions_[partition]) moved_.insert(partition);
    positions_[partition] = read.next;
    told_.consumed.insert(read.values.begin(), read.values.end());
    phase_ = random_() % 3 == 0 ? Phase::kCommit : Phase::kHeartbeat;
    if (random_() % 2 == 0) phase_ = Phase::kRead;
  });
}

void DoorConsumer::commit() {
  phase_ = Phase::kHeartbeat;
  if (moved_.empty()) return;
  kafka::OffsetCommitRequest request;
  request.group = kGroup;
  request.generation = generation_;
  request.member_id = member_;
  auto& topic = request.topics.emplace_back();
  topic.name = kDoorTopic;
  for (const int partition : std::exchange(moved_, {})) {
    auto& to = topic.partitions.emplace_back();
    to.index = partition;
    to.offset = positions_[partition];
    told_.sent[partition] = std::max(told_.sent[partition], to.offset);
  }
  ask<kafka::OffsetCommitResponse>(request, 7, [this, request](const auto* response) {
    if (response == nullptr) return rejoin(true);
    const auto& answers = response->topics.at(0).partitions;
    for (size_t index = 0; index < answers.size(); ++index) {
      if (!belongs(&answers[index].error_code)) return;
      int64_t& least = told_.acknowledged[answers[index].index];
      least = std::max(least, request.topics[0].partitions[index].offset);
    }
  });
}

void DoorConsumer::heartbeat() {
  kafka::HeartbeatRequest request;
  request.group = kGroup;
  request.generation = generation_;
  request.member_id = member_;
  ask<kafka::HeartbeatResponse>(request, 3, [this](const auto* response) {
    if (!belongs(response == nullptr ? nullptr : &response->error_code)) return;
    phase_ = Phase::kRead;
    pause(random_() % 20 == 0 ? 7'000 : 100);  // now and then it is away for too long
  });
}

void DoorAdmin::next() {
  if (resting_) return pause(1'000);
  pause(300);
  if (topics_.size() < 3 || random_() % 4 == 0) return create();
  if (random_() % 4 == 0) return limit();
  auto of = topics_.begin();
  std::advance(of, static_cast<ptrdiff_t>(random_() % topics_.size()));
  if (!of->second) return;
  random_() % 3 == 0 ? remove(of->first) : alter(of->first);
}

void DoorAdmin::create() {
  const std::string topic = "made-" + std::to_string(made_++);
  const std::string retention = std::to_string(1'000'000 + random_() % 1'000);
  kafka::CreateTopicsRequest request;
  auto& wanted = request.topics.emplace_back();
  wanted.name = topic;
  wanted.num_partitions = 1 + static_cast<int32_t>(random_() % 3);
  wanted.replication_factor = 1;
  wanted.configs.push_back({.name = "retention.ms", .value = retention});
  ask<kafka::CreateTopicsResponse>(request, 5, [this, topic, retention](const auto* response) {
    if (response == nullptr || response->topics.at(0).error_code != 0) return;
    topics_[topic] = retention;
  });
}

void DoorAdmin::remove(const std::string& topic) {
  kafka::DeleteTopicsRequest request;
  request.topic_names.push_back(topic);
  ask<kafka::DeleteTopicsResponse>(request, 5, [this, topic](const auto* response) {
    topics_.erase(topic);  // what came of it is not known, or
    if (response != nullptr && response->topics.at(0).error_code == 0) {
      topics_[topic] = std::nullopt;
    }
  });
}

void DoorAdmin::alter(const std::string& topic) {
  const std::string retention = std::to_string(2'000'000 + random_() % 1'000);
  kafka::IncrementalAlterConfigsRequest request;
  auto& resource = request.resources.emplace_back();
  resource.resource_type = 2;
  resource.resource_name = topic;
  resource.configs.push_back({.name = "retention.ms", .op = 0, .value = retention});
  ask<kafka::IncrementalAlterConfigsResponse>(
      request, 1, [this, topic, retention](const auto* response) {
        topics_.erase(topic);
        if (response != nullptr && response->resources.at(0).error_code == 0) {
          topics_[topic] = retention;
        }
      });
}

void DoorAdmin::limit() {
  kafka::AlterClientQuotasRequest request;
  auto& entry = request.entries.emplace_back();
  entry.entity.push_back({.type = "client-id", .name = "producer-0"});
  entry.ops.push_back({.key = "producer_byte_rate", .value = 50'000, .remove = random_() % 2 == 0});
  ask<kafka::AlterClientQuotasResponse>(request, 1, [](const auto*) {});
}

}  // namespace millrace::broker
