#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cli/kafka_client/kafka_handle.h"
#include "cli/kafka_client/message_record.h"
#include "cli/kafka_client/partition_list.h"
#include "cli/kafka_client/record_source.h"

namespace millrace::cli {

// GroupSource: records as a member of a consumer group gets them. What was returned is committed
// when commit() says so, when partitions are taken away, and at the end (leave).
//
// Order:    open, join, (next, commit)*, leave; a destroyed one leaves without a commit.
// Failure:  as RecordSource; leave and commit(true): what was not committed comes again.
class GroupSource final : public RecordSource, ClientEvents {
 public:
  struct Options {
    std::string group;
    bool from_end = false;  // where the group has no offset yet
    bool to_end = false;    // ended() as soon as all partitions were read to their ends
    ClientSettings settings;
    // Whether all that was returned has been printed: nothing is committed otherwise.
    std::function<bool()> printed;
  };
  static Result<std::unique_ptr<GroupSource>> open(io::Clock& clock, const ClientOptions& client,
                                                   Options options);
  ~GroupSource() override;

  KafkaHandle& client() { return *client_; }
  Result<void> join(const std::vector<std::string>& topics);
  Result<void> leave();

  Result<Arrival> next(int wait_ms, ClientRecord& record) override;
  bool ended() const override;
  Result<void> commit(bool wait) override;

 private:
  using Names = std::map<std::string, std::map<int32_t, int64_t>, std::less<>>;

  explicit GroupSource(Options options) : options_(std::move(options)) {}
  void rebalanced(int code, rd_kafka_topic_partition_list_s& partitions) override;
  void close();
  void forget(const rd_kafka_topic_partition_list_s& partitions);
  void note(const ClientRecord& record);
  Result<Arrival> failed();

  const Options options_;
  std::unique_ptr<KafkaHandle> client_;
  Message message_;
  Names positions_;     // behind what was returned and is not committed
  bool noted_ = false;  // something since the last commit
  std::set<TopicPartition> assigned_;
  std::set<TopicPartition> at_end_;
  bool assigned_once_ = false;
  bool open_ = false;
  std::optional<Error> lost_;  // a commit that failed while partitions were taken away
};

}  // namespace millrace::cli
