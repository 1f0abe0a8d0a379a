#include <librdkafka/rdkafka.h>

#include <map>
#include <string>
#include <utility>

#include "cli/kafka_client/kafka_error.h"
#include "cli/kafka_client/message_record.h"
#include "cli/kafka_client/record_source.h"

namespace millrace::cli {
namespace {

constexpr int kRecordsBetweenPolls = 1'000;

class PartitionSource final : public RecordSource {
 public:
  PartitionSource(KafkaHandle& client, std::vector<PartitionRange> ranges)
      : client_(client), queue_(rd_kafka_queue_new(client.get())) {
    for (PartitionRange& range : ranges) {
      if (range.start >= range.end) continue;
      Part part{.topic = topic_of(range.partition.topic),
                .partition = range.partition.partition,
                .end = range.end};
      rd_kafka_consume_start_queue(part.topic, part.partition, range.start, queue_);
      parts_.emplace(std::pair(part.topic, part.partition), part);
    }
    left_ = parts_.size();
  }
  ~PartitionSource() override {
    message_.reset();
    for (const auto& [name, part] : parts_) {
      if (!part.stopped) rd_kafka_consume_stop(part.topic, part.partition);
    }
    rd_kafka_queue_destroy(queue_);
    for (const auto& [name, topic] : topics_) rd_kafka_topic_destroy(topic);
  }
  PartitionSource(const PartitionSource&) = delete;
  PartitionSource& operator=(const PartitionSource&) = delete;

  Result<Arrival> next(int wait_ms, ClientRecord& record) override {
    message_.reset(rd_kafka_consume_queue(queue_, wait_ms));
    if (message_ == nullptr || ++since_poll_ >= kRecordsBetweenPolls) {
      client_.poll(0);
      since_poll_ = 0;
      if (client_.fatal()) return *client_.fatal();
    }
    if (message_ == nullptr) return Arrival::kNothing;
    const auto found = parts_.find({message_->rkt, message_->partition});
    if (found == parts_.end() || found->second.stopped) return Arrival::kNothing;
    Part& part = found->second;
    if (message_->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return reached_end(part);
    if (message_->err != RD_KAFKA_RESP_ERR_NO_ERROR) return failed();
    client_.came_back();
    if (message_->offset + 1 >= part.end) stop(part);
    if (message_->offset >= part.end) return Arrival::kNothing;
    if (std::exchange(part.at_end, false)) --at_end_;
    record_of(*message_, record);
    return Arrival::kRecord;
  }

  bool ended() const override { return left_ == 0; }
  Result<void> commit(bool) override { return {}; }

 private:
  struct Part {
    rd_kafka_topic_t* topic = nullptr;
    int32_t partition = 0;
    int64_t end = 0;
    bool at_end = false;
    bool stopped = false;
  };

  rd_kafka_topic_t* topic_of(const std::string& name) {
    rd_kafka_topic_t*& topic = topics_[name];
    if (topic == nullptr) topic = rd_kafka_topic_new(client_.get(), name.c_str(), nullptr);
    return topic;
  }

  Result<Arrival> reached_end(Part& part) {
    client_.came_back();
    if (part.end != std::numeric_limits<int64_t>::max()) {
      // What is left below the end are no records: markers, aborted or open transactions.
      stop(part);
      return Arrival::kNothing;
    }
    if (std::exchange(part.at_end, true)) return Arrival::kNothing;
    return ++at_end_ == parts_.size() ? Arrival::kEnd : Arrival::kNothing;
  }

  void stop(Part& part) {
    part.stopped = true;
    --left_;
    rd_kafka_consume_stop(part.topic, part.partition);
  }

  Result<Arrival> failed() {
    if (is_connection_error(message_->err)) return Arrival::kNothing;
    const std::string place =
        TopicPartition{rd_kafka_topic_name(message_->rkt), message_->partition}.to_string();
    return client_.failure(message_->err, rd_kafka_message_errstr(message_.get())).at(place);
  }

  KafkaHandle& client_;
  rd_kafka_queue_t* const queue_;
  std::map<std::string, rd_kafka_topic_t*> topics_;
  std::map<std::pair<rd_kafka_topic_t*, int32_t>, Part> parts_;
  size_t left_ = 0;    // that are not stopped
  size_t at_end_ = 0;  // of those without an end
  int since_poll_ = 0;
  Message message_;
};

}  // namespace

std::unique_ptr<RecordSource> read_partitions(KafkaHandle& client,
                                              std::vector<PartitionRange> ranges) {
  return std::make_unique<PartitionSource>(client, std::move(ranges));
}

}  // namespace millrace::cli
