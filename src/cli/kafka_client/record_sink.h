#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/kafka_client/client_record.h"
#include "cli/kafka_client/kafka_handle.h"

struct rd_kafka_topic_s;

namespace millrace::cli {

// RecordSink: records into one topic, and what became of each.
//
// Threading:  confined to one thread.
// Order:      open, reach or read_cluster by client(), begin, add*, flush; then what became of
//             them.
// Failure:    add: kRecordTooLarge, or that the client has failed for good; what is acknowledged
//             too late or never is in failures().
class RecordSink final : ClientEvents {
 public:
  static constexpr int64_t kBatchBytes = 1'000'000;
  struct Options {
    std::string acks = "all";  // "0", "1"
    std::string codec;         // empty: none
    bool at_once = false;      // nothing waits for company
    int64_t batch_bytes = kBatchBytes;
  };
  static Result<std::unique_ptr<RecordSink>> open(io::Clock& clock, const ClientOptions& client,
                                                  const Options& options);
  ~RecordSink() override;

  KafkaHandle& client() { return *client_; }
  void begin(const std::string& topic, int32_t partitions);
  // `number`: how errors call it. Waits while too much is under way. The bytes are copied.
  Result<void> add(uint64_t number, const ClientRecord& record);
  // Lets acknowledgements come. False: some records are still under way.
  bool flush(int wait_ms);

  // What is in a partition now. Offsets are -1 where no acknowledgement was asked for.
  struct Written {
    uint64_t records = 0;
    int64_t first = -1;
    int64_t last = -1;
  };
  const std::map<int32_t, Written>& written() const { return written_; }
  uint64_t acknowledged() const { return acknowledged_; }

  struct Failures {
    uint64_t count = 0;
    uint64_t first = 0;  // the smallest number
    std::optional<Error> why;
  };
  const Failures& failures() const { return failures_; }

 private:
  RecordSink() = default;
  void delivered(const rd_kafka_message_s& message) override;
  int32_t partition_of(const ClientRecord& record);

  std::unique_ptr<KafkaHandle> client_;
  rd_kafka_topic_s* topic_ = nullptr;
  int32_t partitions_ = 1;
  uint64_t keyless_ = 0;
  uint64_t acknowledged_ = 0;
  std::map<int32_t, Written> written_;
  Failures failures_;
};

}  // namespace millrace::cli
