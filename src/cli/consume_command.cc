#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>
#include <optional>
#include <vector>

#include "cli/open_log.h"
#include "cli/record_format.h"
#include "cli/terminal_client.h"
#include "cli/topic_command.h"
#include "io/await.h"
#include "record/batch_builder.h"

namespace millrace::cli {
namespace {

using Answer = std::vector<commit::PartitionData>;

// Where reading begins in a partition that holds [start, end).
Result<int64_t> begin_offset(std::string_view wanted, int64_t start, int64_t end) {
  if (wanted == "start") return start;
  if (wanted == "end") return end;
  int64_t number = 0;
  const auto [rest, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
  if (error != std::errc() || rest != wanted.data() + wanted.size()) {
    return Error(ErrorCode::kInvalidOption, fmt::format("'{}' is no offset", wanted))
        .at("--offset")
        .remedy("Write start, end, a number, or -N for the last N.");
  }
  return std::clamp(number < 0 ? end + number : number, start, end);
}

class Consumption {
 public:
  Consumption(io::World world, const TopicOptions& options, commit::CommitLog& log,
              commit::Topic topic)
      : world_(world),
        options_(options),
        log_(log),
        topic_(std::move(topic)),
        executor_(world.threads.start({.name = "consume"})),
        left_(options.count == 0 ? std::numeric_limits<uint64_t>::max() : options.count),
        format_(options.format.ends_with('\n') || options.format.ends_with("\\n")
                    ? options.format
                    : options.format + "\n") {}

  Result<void> run() {
    MILLRACE_TRY(check_record_format(format_));
    for (uint32_t index = 0; index < topic_.partitions && left_ > 0; ++index) {
      MILLRACE_TRY(read_partition({topic_.id, index}));
    }
    return {};
  }

 private:
  Result<commit::PartitionData> fetch(commit::PartitionId partition, int64_t offset) {
    Answer answer = MILLRACE_TRY(io::await<Answer>(world_.threads, [&](auto done) {
      log_.reader().read({.partitions = {{.partition = partition, .offset = offset}}}, *executor_,
                         std::move(done));
    }));
    if (answer.front().error) return Error(*answer.front().error);
    return std::move(answer.front());
  }

  Result<void> read_partition(commit::PartitionId partition) {
    const auto bounds = MILLRACE_TRY(fetch_bounds(partition));
    int64_t offset = MILLRACE_TRY(begin_offset(options_.offset, bounds.first, bounds.second));
    while (offset < bounds.second && left_ > 0) {
      const commit::PartitionData data = MILLRACE_TRY(fetch(partition, offset));
      if (data.batches.empty()) break;
      for (const Buffer& batch : data.batches) {
        MILLRACE_TRY(print_batch(batch, partition.index, offset));
      }
    }
    return {};
  }

  Result<std::pair<int64_t, int64_t>> fetch_bounds(commit::PartitionId partition) {
    using Offsets = std::vector<Result<int64_t>>;
    const Offsets offsets = MILLRACE_TRY(io::await<Offsets>(world_.threads, [&](auto done) {
      log_.reader().offsets({{.partition = partition, .kind = commit::OffsetKind::kEarliest},
                             {.partition = partition, .kind = commit::OffsetKind::kStable}},
                            *executor_, std::move(done));
    }));
    return std::pair(MILLRACE_TRY(offsets[0]), MILLRACE_TRY(offsets[1]));
  }

  Result<void> print_batch(const Buffer& batch, uint32_t partition, int64_t& offset) {
    const auto view = MILLRACE_TRY(record::BatchView::read(batch));
    auto records = MILLRACE_TRY(view.records(decompressor_));
    record::Record record;
    while (left_ > 0 && MILLRACE_TRY(records.next(record))) {
      if (record.offset < offset) continue;
      line_.clear();
      append_record(line_, format_, record, topic_.name, partition);
      write_out(line_);
      --left_;
    }
    offset = std::max(offset, view.header().last_offset() + 1);
    return {};
  }

  io::World world_;
  const TopicOptions& options_;
  commit::CommitLog& log_;
  const commit::Topic topic_;
  const std::unique_ptr<io::Executor> executor_;
  uint64_t left_;
  const std::string format_;
  record::Decompressor decompressor_;
  std::string line_;
};

Result<void> consume_topic(io::World world, const TopicOptions& options) {
  const auto node = MILLRACE_TRY(open_node(world, options.data));
  commit::Topic topic = MILLRACE_TRY(find_topic(node->log(), options.topic));
  return Consumption(world, options, node->log(), std::move(topic)).run();
}

}  // namespace

ExitCode consume(io::World world, const TopicOptions& options) {
  const auto result = consume_topic(world, options);
  return result ? ExitCode::kOk : report(result.error());
}

}  // namespace millrace::cli
