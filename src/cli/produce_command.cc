#include <fmt/core.h>
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "base/hash.h"
#include "cli/open_log.h"
#include "cli/output.h"
#include "cli/record_format.h"
#include "cli/topic_command.h"
#include "io/await.h"
#include "record/batch_builder.h"

namespace millrace::cli {
namespace {

constexpr int64_t kUsPerMs = 1'000;
constexpr size_t kBatchBytes = 256 << 10;

// Reads up to the delimiter, which is not part of it. False at the end of stdin.
bool read_record(std::string& record, std::string_view delimiter) {
  record.clear();
  for (int byte = std::getchar(); byte != EOF; byte = std::getchar()) {
    record.push_back(static_cast<char>(byte));
    if (delimiter.empty() || !record.ends_with(delimiter)) continue;
    record.resize(record.size() - delimiter.size());
    return true;
  }
  return !record.empty();
}

Result<std::vector<record::RecordHeader>> read_headers(const std::vector<std::string>& written) {
  std::vector<record::RecordHeader> headers;
  for (const std::string& header : written) {
    const size_t equals = header.find('=');
    if (equals == std::string::npos) {
      return Error(ErrorCode::kInvalidOption, fmt::format("'{}' is no header", header))
          .at("--header")
          .remedy("Write --header name=value.");
    }
    headers.push_back(
        {std::string_view(header).substr(0, equals), std::string_view(header).substr(equals + 1)});
  }
  return headers;
}

class Production {
 public:
  Production(io::World world, const ProduceOptions& options,
             std::vector<record::RecordHeader> headers, commit::CommitLog& log, commit::Topic topic)
      : world_(world),
        options_(options),
        headers_(std::move(headers)),
        log_(log),
        topic_(std::move(topic)),
        executor_(world.threads.start({.name = "produce"})),
        separator_(unescape(options.key_separator)),
        builders_(topic_.partitions) {}

  Result<void> add(std::string_view text) {
    std::optional<std::string_view> key = options_.key;
    const size_t cut = separator_.empty() ? std::string_view::npos : text.find(separator_);
    if (cut != std::string_view::npos) {
      key = text.substr(0, cut);
      text = text.substr(cut + separator_.size());
    }
    std::optional<std::string_view> value = text;
    if (options_.tombstones) {
      if (key && key->empty()) key.reset();
      if (value->empty()) value.reset();
    }
    const uint32_t partition = partition_of(key);
    record::BatchBuilder& builder = builders_[partition];
    MILLRACE_TRY(builder.append({.timestamp_ms = world_.clock.wall_us() / kUsPerMs,
                                 .key = key,
                                 .value = value,
                                 .headers = headers_}));
    return builder.bytes() < kBatchBytes ? Result<void>() : flush(partition);
  }

  Result<void> finish() {
    for (uint32_t partition = 0; partition < topic_.partitions; ++partition) {
      MILLRACE_TRY(flush(partition));
    }
    return {};
  }

 private:
  // Records without a key go round.
  uint32_t partition_of(std::optional<std::string_view> key) {
    if (options_.partition) return *options_.partition;
    if (!key) return static_cast<uint32_t>(keyless_++ % topic_.partitions);
    const uint32_t hash = murmur2(std::as_bytes(std::span(*key)));
    return (hash & 0x7fffffffU) % topic_.partitions;
  }

  Result<void> flush(uint32_t partition) {
    if (builders_[partition].empty()) return {};
    const auto batch = MILLRACE_TRY(commit::RecordBatch::of(builders_[partition].build()));
    MILLRACE_TRY(io::await<commit::Appended>(world_.threads, [&](auto done) {
      log_.appender().append({topic_.id, partition}, batch, commit::Acks::kDurable, *executor_,
                             std::move(done));
    }));
    return {};
  }

  io::World world_;
  const ProduceOptions& options_;
  const std::vector<record::RecordHeader> headers_;
  commit::CommitLog& log_;
  const commit::Topic topic_;
  const std::unique_ptr<io::Executor> executor_;
  const std::string separator_;
  std::vector<record::BatchBuilder> builders_;
  uint64_t keyless_ = 0;
};

Result<void> produce_records(io::World world, const ProduceOptions& options) {
  auto headers = MILLRACE_TRY(read_headers(options.headers));
  const auto node = MILLRACE_TRY(open_node(world, options.data));
  commit::Topic topic = MILLRACE_TRY(find_topic(node->log(), options.topic));
  MILLRACE_TRY(check_partition(topic, options.partition));
  Production production(world, options, std::move(headers), node->log(), std::move(topic));
  const bool by_hand = isatty(STDIN_FILENO) != 0;
  if (by_hand) write_err("A record a line; Ctrl-D ends.\n");
  const std::string delimiter = unescape(options.delimiter);
  uint64_t count = 0;
  for (std::string text; read_record(text, delimiter); ++count) {
    MILLRACE_TRY(production.add(text));
    if (by_hand) MILLRACE_TRY(production.finish());
  }
  MILLRACE_TRY(production.finish());
  write_err(fmt::format("{} record{}\n", count, count == 1 ? "" : "s"));
  return {};
}

}  // namespace

ExitCode produce(io::World world, const ProduceOptions& options) {
  return conclude(produce_records(world, options));
}

}  // namespace millrace::cli
