#include "cli/kafka_client/group_source.h"

#include <librdkafka/rdkafka.h>

#include <string_view>
#include <utility>

#include "cli/kafka_client/kafka_error.h"

namespace millrace::cli {
namespace {

bool is_cooperative(rd_kafka_t* handle) {
  const char* protocol = rd_kafka_rebalance_protocol(handle);
  return protocol != nullptr && std::string_view(protocol) == "COOPERATIVE";
}

}  // namespace

Result<std::unique_ptr<GroupSource>> GroupSource::open(io::Clock& clock,
                                                       const ClientOptions& client,
                                                       Options options) {
  std::unique_ptr<GroupSource> made(new GroupSource(std::move(options)));
  ClientSettings defaults = made->options_.settings;
  defaults.emplace_back("group.id", made->options_.group);
  defaults.emplace_back("enable.auto.commit", "false");
  defaults.emplace_back("enable.partition.eof", "true");
  defaults.emplace_back("auto.offset.reset", made->options_.from_end ? "latest" : "earliest");
  made->client_ = MILLRACE_TRY(KafkaHandle::open(clock, client,
                                                 {.role = KafkaHandle::Role::kConsumer,
                                                  .defaults = std::move(defaults),
                                                  .events = made.get(),
                                                  .rebalances = true}));
  return made;
}

GroupSource::~GroupSource() {
  message_.reset();
  positions_.clear();
  close();
}

// A server that has gone could not be told, and would be waited for in vain.
void GroupSource::close() {
  if (std::exchange(open_, false) && !client_->down_since()) {
    rd_kafka_consumer_close(client_->get());
  }
}

Result<void> GroupSource::join(const std::vector<std::string>& topics) {
  client_->poll_with_records();
  std::vector<TopicPartition> wanted;
  for (const std::string& topic : topics) wanted.push_back({topic, RD_KAFKA_PARTITION_UA});
  const PartitionList list = make_partition_list(wanted, RD_KAFKA_OFFSET_INVALID);
  const auto code = rd_kafka_subscribe(client_->get(), list.get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return client_->failure(code);
  open_ = true;
  return {};
}

Result<void> GroupSource::leave() {
  message_.reset();
  auto committed = client_->down_since() ? client_->reach() : Result<void>();
  if (committed) committed = commit(true);
  close();
  if (lost_) return *lost_;
  if (committed || positions_.empty()) return {};
  return Error(committed.error()).within("what was printed last may not be committed");
}

void GroupSource::rebalanced(int code, rd_kafka_topic_partition_list_s& partitions) {
  rd_kafka_t* const handle = client_->get();
  if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    assigned_once_ = true;
    for (int at = 0; at < partitions.cnt; ++at) {
      assigned_.insert({partitions.elems[at].topic, partitions.elems[at].partition});
    }
    if (is_cooperative(handle)) {
      rd_kafka_error_destroy(rd_kafka_incremental_assign(handle, &partitions));
    } else {
      rd_kafka_assign(handle, &partitions);
    }
    return;
  }
  if (rd_kafka_assignment_lost(handle) == 0) {
    const auto committed = commit(true);
    if (!committed && !lost_) lost_ = committed.error();
  }
  forget(partitions);
  if (is_cooperative(handle)) {
    rd_kafka_error_destroy(rd_kafka_incremental_unassign(handle, &partitions));
  } else {
    rd_kafka_assign(handle, nullptr);
  }
}

void GroupSource::forget(const rd_kafka_topic_partition_list_s& partitions) {
  for (int at = 0; at < partitions.cnt; ++at) {
    const TopicPartition gone{partitions.elems[at].topic, partitions.elems[at].partition};
    assigned_.erase(gone);
    at_end_.erase(gone);
    if (const auto topic = positions_.find(gone.topic); topic != positions_.end()) {
      topic->second.erase(gone.partition);
    }
  }
}

Result<Arrival> GroupSource::next(int wait_ms, ClientRecord& record) {
  message_.reset(rd_kafka_consumer_poll(client_->get(), wait_ms));
  if (client_->fatal()) return *client_->fatal();
  if (message_ == nullptr) return Arrival::kNothing;
  if (message_->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    client_->came_back();
    const bool fresh =
        at_end_.insert({rd_kafka_topic_name(message_->rkt), message_->partition}).second;
    return fresh && at_end_.size() == assigned_.size() ? Arrival::kEnd : Arrival::kNothing;
  }
  if (message_->err != RD_KAFKA_RESP_ERR_NO_ERROR) return failed();
  client_->came_back();
  record_of(*message_, record);
  note(record);
  return Arrival::kRecord;
}

Result<Arrival> GroupSource::failed() {
  if (is_connection_error(message_->err)) return Arrival::kNothing;
  std::string place = "group " + options_.group;
  if (message_->rkt != nullptr) {
    place = TopicPartition{rd_kafka_topic_name(message_->rkt), message_->partition}.to_string();
  }
  return client_->failure(message_->err, rd_kafka_message_errstr(message_.get())).at(place);
}

void GroupSource::note(const ClientRecord& record) {
  auto topic = positions_.find(record.topic);
  if (topic == positions_.end()) {
    topic = positions_.emplace(std::string(record.topic), Names::mapped_type()).first;
  }
  topic->second[record.partition] = record.offset + 1;
  noted_ = true;
  if (!at_end_.empty()) at_end_.erase({std::string(record.topic), record.partition});
}

bool GroupSource::ended() const {
  return options_.to_end && assigned_once_ && at_end_.size() == assigned_.size();
}

Result<void> GroupSource::commit(bool wait) {
  if (!wait && !noted_) return {};
  std::vector<PartitionOffset> offsets;
  for (const auto& [topic, partitions] : positions_) {
    for (const auto& [partition, offset] : partitions) {
      offsets.push_back({{topic, partition}, offset});
    }
  }
  if (offsets.empty() || !options_.printed()) return {};
  const PartitionList list = make_partition_list(offsets);
  const auto code = rd_kafka_commit(client_->get(), list.get(), wait ? 0 : 1);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return client_->failure(code).at("group " + options_.group);
  }
  noted_ = false;
  // A commit without a wait may get lost: the last one says it again.
  if (wait) positions_.clear();
  return {};
}

}  // namespace millrace::cli
