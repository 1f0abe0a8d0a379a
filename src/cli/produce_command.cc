#include <fmt/core.h>

#include <cstdio>
#include <optional>
#include <string>

#include "base/hash.h"
#include "cli/open_log.h"
#include "cli/terminal_client.h"
#include "cli/topic_command.h"
#include "io/await.h"
#include "record/batch_builder.h"

namespace millrace::cli {
namespace {

constexpr int64_t kUsPerMs = 1'000;
constexpr size_t kBatchBytes = 256 << 10;

// False at the end of stdin.
bool read_line(std::string& line) {
  line.clear();
  for (int byte = std::getchar(); byte != EOF; byte = std::getchar()) {
    if (byte == '\n') return true;
    line.push_back(static_cast<char>(byte));
  }
  return !line.empty();
}

class Production {
 public:
  Production(io::World world, commit::CommitLog& log, commit::Topic topic)
      : world_(world),
        log_(log),
        topic_(std::move(topic)),
        executor_(world.threads.start({.name = "produce"})),
        builders_(topic_.partitions) {}

  Result<void> add(std::string_view line, const std::string& separator) {
    std::optional<std::string_view> key;
    uint32_t partition = 0;
    const size_t cut = separator.empty() ? std::string_view::npos : line.find(separator);
    if (cut != std::string_view::npos) {
      key = line.substr(0, cut);
      line = line.substr(cut + separator.size());
      const uint32_t hash = murmur2(std::as_bytes(std::span(*key)));
      partition = (hash & 0x7fffffffU) % topic_.partitions;
    }
    record::BatchBuilder& builder = builders_[partition];
    MILLRACE_TRY(builder.append(
        {.timestamp_ms = world_.clock.wall_us() / kUsPerMs, .key = key, .value = line}));
    return builder.bytes() < kBatchBytes ? Result<void>() : flush(partition);
  }

  Result<void> finish() {
    for (uint32_t partition = 0; partition < topic_.partitions; ++partition) {
      MILLRACE_TRY(flush(partition));
    }
    return {};
  }

 private:
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
  commit::CommitLog& log_;
  const commit::Topic topic_;
  const std::unique_ptr<io::Executor> executor_;
  std::vector<record::BatchBuilder> builders_;
};

Result<void> produce_lines(io::World world, const TopicOptions& options) {
  const auto node = MILLRACE_TRY(open_node(world, options.data));
  Production production(world, node->log(), MILLRACE_TRY(find_topic(node->log(), options.topic)));
  uint64_t count = 0;
  for (std::string line; read_line(line); ++count) {
    MILLRACE_TRY(production.add(line, options.key_separator));
  }
  MILLRACE_TRY(production.finish());
  write_err(fmt::format("{} records\n", count));
  return {};
}

}  // namespace

ExitCode produce(io::World world, const TopicOptions& options) {
  const auto result = produce_lines(world, options);
  return result ? ExitCode::kOk : report(result.error());
}

}  // namespace millrace::cli
