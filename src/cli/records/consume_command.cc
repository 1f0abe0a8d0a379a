#include "cli/records/consume_command.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <memory>
#include <optional>

#include "base/nearest.h"
#include "base/number_text.h"
#include "cli/interrupt.h"
#include "cli/kafka_client/group_source.h"
#include "cli/output.h"
#include "cli/progress_line.h"
#include "cli/records/record_format.h"
#include "cli/records/record_json.h"
#include "cli/records/start_offset.h"

namespace millrace::cli {
namespace {

constexpr int kWaitMs = 100;
constexpr int64_t kCommitNs = io::kNsPerSecond;

// What the options say, checked.
struct Plan {
  StartOffset start;
  bool json = false;
  std::string format;
  std::string isolation;
  bool to_end = false;
};

Result<void> read_offsets(const ConsumeOptions& options, Plan& plan) {
  bool given = false;
  for (const std::string& offset : options.offsets) {
    if (offset == "json" || offset == "jsonl") {
      plan.json = true;
      continue;
    }
    if (given) {
      return Error(ErrorCode::kInvalidOption, "reading begins in one place").at("--offset");
    }
    plan.start = MILLRACE_TRY(parse_start_offset(offset));
    given = true;
  }
  const bool bound = plan.start.kind == StartOffset::Kind::kTime || plan.start.number != 0;
  if (options.group.empty() || !bound) return {};
  return Error(ErrorCode::kInvalidOption, "a group goes on where it stopped")
      .at("--offset")
      .remedy(
          "With --group, start and end say where it begins for the first time; `millrace group "
          "seek` moves it.");
}

// The format with what stands behind every record.
std::string whole_format(const ConsumeOptions& options) {
  std::string format = options.format.value_or("%v");
  if (options.delimiter) return format + *options.delimiter;
  const bool ends = format.ends_with('\n') || format.ends_with("\\n");
  return ends ? format : format + "\n";
}

Result<Plan> read_plan(const ConsumeOptions& options) {
  constexpr auto kLevels = std::to_array<std::string_view>(
      {"committed", "uncommitted", "read_committed", "read_uncommitted"});
  Plan plan{.json = options.json, .format = whole_format(options)};
  MILLRACE_TRY(read_offsets(options, plan));
  MILLRACE_TRY(check_record_format(plan.format));
  if (plan.json && (options.format || options.delimiter)) {
    return Error(ErrorCode::kInvalidOption, "a record is printed as JSON or by a format")
        .at("--format")
        .remedy("Leave out -J, or -f and -D.");
  }
  const auto level = std::ranges::find(kLevels, options.isolation);
  if (level == kLevels.end()) {
    return Error(ErrorCode::kInvalidOption,
                 fmt::format("there is no isolation '{}'", options.isolation))
        .at("--isolation")
        .remedy(nearest_remedy(options.isolation, kLevels));
  }
  plan.isolation = level->starts_with("read_") ? *level : fmt::format("read_{}", *level);
  plan.to_end = options.exit || !options.target.data.empty();
  if (!options.group.empty() && options.partition) {
    return Error(ErrorCode::kInvalidOption, "the group says who reads which partition")
        .at("--partition")
        .remedy("Leave out --partition, or --group.");
  }
  return plan;
}

class Consumption {
 public:
  Consumption(io::World world, const ConsumeOptions& options, Plan plan)
      : world_(world),
        options_(options),
        plan_(std::move(plan)),
        left_(options.count.value_or(std::numeric_limits<int64_t>::max())),
        progress_(world.clock, !options.quiet && isatty(STDOUT_FILENO) == 0) {}

  Result<ExitCode> run() {
    const Target target = MILLRACE_TRY(Target::open(world_, options_.target));
    const Interrupt interrupt(world_.clock, [this] { stopped_ = true; });
    if (options_.group.empty()) {
      MILLRACE_TRY(read_alone(target));
    } else {
      MILLRACE_TRY(read_in_group(target));
    }
    return interrupt.happened() ? ExitCode::kInterrupted : ExitCode::kOk;
  }

 private:
  Result<void> read_alone(const Target& target) {
    const ClientSettings settings = {{"enable.partition.eof", "true"},
                                     {"isolation.level", plan_.isolation},
                                     {"auto.offset.reset", "earliest"},
                                     {"fetch.wait.max.ms", plan_.to_end ? "100" : "500"}};
    const auto client = MILLRACE_TRY(
        KafkaHandle::open(world_.clock, target.client(),
                          {.role = KafkaHandle::Role::kConsumer, .defaults = settings}));
    const Cluster cluster = MILLRACE_TRY(read_cluster(*client));
    const auto topics = MILLRACE_TRY(find_topics(cluster, options_.topics, options_.patterns));
    auto ranges = MILLRACE_TRY(ranges_of(*client, topics));
    const auto source = read_partitions(*client, std::move(ranges));
    return print_records(*client, *source);
  }

  Result<void> read_in_group(const Target& target) {
    const auto source =
        MILLRACE_TRY(GroupSource::open(world_.clock, target.client(),
                                       {.group = options_.group,
                                        .from_end = plan_.start.kind == StartOffset::Kind::kFromEnd,
                                        .to_end = plan_.to_end,
                                        .settings = {{"isolation.level", plan_.isolation}},
                                        .printed = [] {
                                          flush_out();
                                          return !out_failed();
                                        }}));
    const Cluster cluster = MILLRACE_TRY(read_cluster(source->client()));
    const auto topics = MILLRACE_TRY(find_topics(cluster, options_.topics, options_.patterns));
    std::vector<std::string> names;
    for (const KnownTopic& topic : topics) names.push_back(topic.name);
    MILLRACE_TRY(source->join(names));
    MILLRACE_TRY(print_records(source->client(), *source));
    return source->leave();
  }

  Result<std::vector<TopicPartition>> partitions_wanted(const std::vector<KnownTopic>& topics) {
    std::vector<TopicPartition> wanted;
    for (const KnownTopic& topic : topics) {
      for (const TopicPartition& partition : partitions_of(topic)) {
        if (options_.partition.value_or(partition.partition) == partition.partition) {
          wanted.push_back(partition);
        }
      }
    }
    if (wanted.empty()) MILLRACE_TRY(check_partition(topics.front(), options_.partition));
    return wanted;
  }

  Result<std::vector<PartitionRange>> ranges_of(KafkaHandle& client,
                                                const std::vector<KnownTopic>& topics) {
    const auto wanted = MILLRACE_TRY(partitions_wanted(topics));
    const auto bounds = MILLRACE_TRY(bounds_of(client, wanted));
    const bool by_time = plan_.start.kind == StartOffset::Kind::kTime;
    std::vector<Result<int64_t>> at_time;
    if (by_time) at_time = MILLRACE_TRY(offsets_at(client, wanted, plan_.start.number));
    std::vector<PartitionRange> ranges;
    for (size_t at = 0; at < wanted.size(); ++at) {
      const PartitionBounds bound = MILLRACE_TRY(bounds[at]);
      PartitionRange range{.partition = wanted[at]};
      if (by_time) {
        const int64_t offset = MILLRACE_TRY(at_time[at]);
        range.start = offset < 0 ? bound.end : offset;
      } else {
        range.start = plan_.start.in(bound.start, bound.end);
      }
      if (plan_.to_end) range.end = bound.end;
      ranges.push_back(std::move(range));
    }
    return ranges;
  }

  Result<void> print_records(KafkaHandle& client, RecordSource& source) {
    ClientRecord record;
    io::MonotonicTime commit_at = world_.clock.now() + kCommitNs;
    bool idle = false;
    while (left_ > 0 && !stopped_ && !out_failed() && !source.ended()) {
      const Arrival arrival = MILLRACE_TRY(source.next(idle ? kWaitMs : 0, record));
      idle = arrival != Arrival::kRecord;
      if (arrival == Arrival::kRecord) {
        print(record);
      } else {
        flush_out();
        MILLRACE_TRY(check_server(client));
      }
      if (arrival == Arrival::kEnd) tell_end();
      if (progress_.due()) show_progress();
      if (!idle && left_ % 64 != 0) continue;
      if (const auto now = world_.clock.now(); now >= commit_at) {
        MILLRACE_TRY(source.commit(false));
        commit_at = now + kCommitNs;
      }
    }
    flush_out();
    return {};
  }

  void print(const ClientRecord& record) {
    line_.clear();
    if (plan_.json) {
      append_record_json(line_, record);
      line_ += '\n';
    } else {
      append_record(line_, plan_.format, record);
    }
    write_out(line_);
    --left_;
    ++printed_;
    told_down_ = false;
    silent_since_.reset();
  }

  // Called while nothing comes. A server that is away may come back: who follows waits for it.
  Result<void> check_server(KafkaHandle& client) {
    if (plan_.to_end) {
      const io::MonotonicTime now = world_.clock.now();
      if (!silent_since_) silent_since_ = now;
      if (now - *silent_since_ < io::kNsPerSecond) return {};
      silent_since_ = now;
      return client.reach();
    }
    if (client.down_since() && !std::exchange(told_down_, true)) {
      progress_.clear();
      write_err(fmt::format("note: {}; waiting for it\n", client.down_text()));
    }
    return {};
  }

  void tell_end() {
    const bool watched = isatty(STDOUT_FILENO) != 0 && isatty(STDERR_FILENO) != 0;
    if (plan_.to_end || options_.quiet || !watched || std::exchange(told_end_, true)) return;
    write_err("note: this is the end for now; what comes is printed, Ctrl-C ends\n");
  }

  void show_progress() {
    const auto now = world_.clock.now();
    const double seconds = static_cast<double>(now - started_) / io::kNsPerSecond;
    progress_.show(fmt::format("{} records, {} records/s", with_commas(printed_),
                               with_commas(static_cast<uint64_t>(static_cast<double>(printed_) /
                                                                 std::max(seconds, 0.001)))));
  }

  io::World world_;
  const ConsumeOptions& options_;
  const Plan plan_;
  int64_t left_;
  uint64_t printed_ = 0;
  std::string line_;
  ProgressLine progress_;
  const io::MonotonicTime started_ = world_.clock.now();
  std::optional<io::MonotonicTime> silent_since_;  // no record has come, or asked whether it lives
  bool told_end_ = false;
  bool told_down_ = false;
  std::atomic<bool> stopped_{false};
};

}  // namespace

ExitCode consume(io::World world, const ConsumeOptions& options) {
  auto plan = read_plan(options);
  if (!plan) return report(plan.error());
  const auto done = Consumption(world, options, *std::move(plan)).run();
  return done ? *done : conclude(Error(done.error()));
}

}  // namespace millrace::cli
