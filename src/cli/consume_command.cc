#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "cli/open_log.h"
#include "cli/output.h"
#include "cli/record_format.h"
#include "cli/start_offset.h"
#include "cli/topic_command.h"
#include "commit/committed_filter.h"
#include "io/await.h"
#include "record/batch_builder.h"

namespace millrace::cli {
namespace {

using Answer = std::vector<commit::PartitionData>;

// The format with what stands behind every record.
std::string whole_format(const ConsumeOptions& options) {
  if (options.delimiter) return options.format + *options.delimiter;
  const bool ends = options.format.ends_with('\n') || options.format.ends_with("\\n");
  return ends ? options.format : options.format + "\n";
}

class Consumption {
 public:
  Consumption(io::World world, const ConsumeOptions& options, StartOffset start,
              commit::CommitLog& log, commit::Topic topic)
      : world_(world),
        options_(options),
        start_(start),
        log_(log),
        topic_(std::move(topic)),
        executor_(world.threads.start({.name = "consume"})),
        left_(options.count.value_or(std::numeric_limits<int64_t>::max())),
        format_(whole_format(options)) {}

  Result<void> run() {
    MILLRACE_TRY(check_record_format(format_));
    MILLRACE_TRY(check_partition(topic_, options_.partition));
    for (uint32_t index = 0; index < topic_.partitions && wanted(); ++index) {
      if (options_.partition.value_or(index) != index) continue;
      MILLRACE_TRY(read_partition({topic_.id, index}));
    }
    return {};
  }

 private:
  bool wanted() const { return left_ > 0 && !out_failed(); }

  Result<commit::PartitionData> fetch(commit::PartitionId partition, int64_t offset) {
    Answer answer = MILLRACE_TRY(io::await<Answer>(world_.threads, [&](auto done) {
      log_.reader().read({.partitions = {{.partition = partition, .offset = offset}}}, *executor_,
                         std::move(done));
    }));
    if (answer.front().error) return Error(*answer.front().error);
    return std::move(answer.front());
  }

  Result<void> read_partition(commit::PartitionId partition) {
    const Bounds bounds = MILLRACE_TRY(fetch_bounds(partition));
    // From a time on: its batch may begin with earlier records.
    since_ms_.reset();
    if (start_.kind == StartOffset::Kind::kTime) since_ms_ = start_.number;
    int64_t offset = since_ms_ ? bounds.at_time : start_.in(bounds.start, bounds.end);
    while (offset < bounds.end && wanted()) {
      const commit::PartitionData data = MILLRACE_TRY(fetch(partition, offset));
      if (data.batches.empty()) break;
      commit::CommittedFilter filter(data.aborted);
      for (const Buffer& batch : data.batches) {
        const auto header = MILLRACE_TRY(record::read_batch_header(batch.span()));
        if (filter.counts(header)) MILLRACE_TRY(print_batch(batch, partition.index, offset));
        offset = std::max(offset, header.last_offset() + 1);
      }
    }
    return {};
  }

  struct Bounds {
    int64_t start = 0, end = 0, at_time = 0;
  };

  Result<Bounds> fetch_bounds(commit::PartitionId partition) {
    using Offsets = std::vector<Result<int64_t>>;
    const auto ask = [&](commit::OffsetKind kind) {
      return commit::OffsetQuery{partition, kind, start_.number};
    };
    using enum commit::OffsetKind;
    const Offsets offsets = MILLRACE_TRY(io::await<Offsets>(world_.threads, [&](auto done) {
      log_.reader().offsets({ask(kEarliest), ask(kStable), ask(kAtTime)}, *executor_,
                            std::move(done));
    }));
    return Bounds{MILLRACE_TRY(offsets[0]), MILLRACE_TRY(offsets[1]), MILLRACE_TRY(offsets[2])};
  }

  Result<void> print_batch(const Buffer& batch, uint32_t partition, int64_t& offset) {
    const auto view = MILLRACE_TRY(record::BatchView::read(batch));
    auto records = MILLRACE_TRY(view.records(decompressor_));
    record::Record record;
    while (wanted() && MILLRACE_TRY(records.next(record))) {
      if (record.offset < offset) continue;
      if (since_ms_ && record.timestamp_ms < *since_ms_) continue;
      since_ms_.reset();
      line_.clear();
      append_record(line_, format_, record, topic_.name, partition);
      write_out(line_);
      --left_;
    }
    offset = std::max(offset, view.header().last_offset() + 1);
    return {};
  }

  io::World world_;
  const ConsumeOptions& options_;
  const StartOffset start_;
  commit::CommitLog& log_;
  const commit::Topic topic_;
  const std::unique_ptr<io::Executor> executor_;
  int64_t left_;
  std::optional<int64_t> since_ms_;
  const std::string format_;
  record::Decompressor decompressor_;
  std::string line_;
};

Result<void> consume_topic(io::World world, const ConsumeOptions& options) {
  const StartOffset start = MILLRACE_TRY(parse_start_offset(options.offset));
  const auto node = MILLRACE_TRY(open_node(world, options.data));
  commit::Topic topic = MILLRACE_TRY(find_topic(node->log(), options.topic));
  return Consumption(world, options, start, node->log(), std::move(topic)).run();
}

}  // namespace

ExitCode consume(io::World world, const ConsumeOptions& options) {
  return conclude(consume_topic(world, options));
}

}  // namespace millrace::cli
