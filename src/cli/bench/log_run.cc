#include "cli/bench/log_run.h"

#include <fmt/core.h>

#include <memory>
#include <optional>
#include <vector>

#include "cli/data_folder.h"
#include "cli/interrupt.h"
#include "io/await.h"
#include "io/process_usage.h"
#include "log/log.h"
#include "record/batch_builder.h"
#include "record/batch_header.h"

namespace millrace::cli {
namespace {

Result<commit::RecordBatch> make_batch(int64_t records, int64_t record_bytes, int64_t now_ms) {
  record::BatchBuilder builder;
  std::string value(static_cast<size_t>(record_bytes), ' ');
  for (int64_t i = 0; i < records; ++i) {
    for (size_t at = 0; at < value.size(); ++at) {
      value[at] = static_cast<char>('!' + (static_cast<size_t>(i) * 31 + at * 7) % 90);
    }
    MILLRACE_TRY(builder.append(
        {.timestamp_ms = now_ms, .key = std::nullopt, .value = value, .headers = {}}));
  }
  return commit::RecordBatch::of(builder.build());
}

// Appends one batch over and over until the time is up and all are answered.
//
// Threading: confined to the executor.
class Appends {
 public:
  struct Pace {
    int64_t in_flight_max = 0;  // as fast as it goes, so many at once
    int64_t interval_ns = 0;    // > 0: one each interval instead, whatever is on its way
    io::MonotonicTime until{};  // nothing is begun later
  };
  Appends(commit::CommitLog& log, io::Executor& executor, commit::TopicId topic,
          const LogBenchOptions& options, commit::RecordBatch batch, Pace pace,
          io::Completion<Result<LogLoad>> done)
      : log_(log),
        executor_(executor),
        topic_(topic),
        partitions_(static_cast<uint64_t>(options.partitions)),
        batch_(std::move(batch)),
        pace_(pace),
        done_(std::move(done)) {}

  static void start(std::shared_ptr<Appends> self) {
    io::Executor& executor = self->executor_;
    executor.post([self = std::move(self)] {
      self->next_due_ = self->executor_.now();
      self->go_on(self);
    });
  }

 private:
  void go_on(const std::shared_ptr<Appends>& self) {
    if (pace_.interval_ns == 0) {
      while (in_flight_ < pace_.in_flight_max && executor_.now() < pace_.until) {
        append(self, executor_.now());
      }
    } else {
      for (; next_due_ <= executor_.now() && next_due_ < pace_.until;
           next_due_ = next_due_ + pace_.interval_ns) {
        append(self, next_due_);
      }
      if (next_due_ < pace_.until) executor_.post_at(next_due_, [self] { self->go_on(self); });
    }
    finish();
  }

  void append(const std::shared_ptr<Appends>& self, io::MonotonicTime due) {
    ++in_flight_;
    const commit::PartitionId partition{topic_, static_cast<uint32_t>(sent_++ % partitions_)};
    log_.appender().append(partition, batch_, commit::Acks::kDurable, executor_,
                           [self, due](Result<commit::Appended> appended) {
                             self->answered(self, due, std::move(appended));
                           });
  }

  void answered(const std::shared_ptr<Appends>& self, io::MonotonicTime due,
                Result<commit::Appended> appended) {
    --in_flight_;
    if (!appended) {
      if (done_) std::exchange(done_, nullptr)(std::move(appended.error()));
      return;
    }
    load_.records += batch_.records;
    load_.bytes += static_cast<int64_t>(batch_.bytes.bytes());
    load_.latency_us.add((executor_.now() - due) / io::kNsPerUs);
    if (pace_.interval_ns == 0) return go_on(self);
    finish();
  }

  void finish() {
    const bool all_begun = (pace_.interval_ns > 0 ? next_due_ : executor_.now()) >= pace_.until;
    if (in_flight_ == 0 && all_begun && done_) std::exchange(done_, nullptr)(std::move(load_));
  }

  commit::CommitLog& log_;
  io::Executor& executor_;
  const commit::TopicId topic_;
  const uint64_t partitions_;
  const commit::RecordBatch batch_;
  const Pace pace_;
  io::Completion<Result<LogLoad>> done_;
  LogLoad load_;
  int64_t in_flight_ = 0;
  uint64_t sent_ = 0;
  io::MonotonicTime next_due_{};
};

// Runs the load and adds what it took of the machine.
template <class Run>
Result<LogLoad> measured(io::World world, log::Log& log, Run run) {
  const io::ProcessUsage before = io::process_usage();
  const uint64_t groups_before = log.status().groups_written;
  const io::MonotonicTime began = world.clock.now();
  LogLoad load = MILLRACE_TRY(run());
  const io::ProcessUsage after = io::process_usage();
  load.wall_s = static_cast<double>(world.clock.now() - began) / 1e9;
  load.cpu_s =
      static_cast<double>(after.user_us + after.system_us - before.user_us - before.system_us) /
      1e6;
  load.written_bytes = after.written_bytes - before.written_bytes;
  load.groups = log.status().groups_written - groups_before;
  return load;
}

struct Bench {
  io::World world;
  const LogBenchOptions& options;
  log::Log& log;
  io::Executor& executor;
  commit::TopicId topic;

  Result<LogLoad> append(int64_t records, Appends::Pace pace) {
    const commit::RecordBatch batch =
        MILLRACE_TRY(make_batch(records, options.record_bytes, world.clock.wall_us() / 1000));
    pace.until = world.clock.now() + options.seconds * io::kNsPerSecond;
    return measured(world, log, [&] {
      return io::await<LogLoad>(world.threads, [&](auto done) {
        Appends::start(
            std::make_shared<Appends>(log, executor, topic, options, batch, pace, std::move(done)));
      });
    });
  }

  Result<LogLoad> read() {
    return measured(world, log, [&]() -> Result<LogLoad> {
      LogLoad load;
      for (uint32_t index = 0; index < options.partitions; ++index) {
        MILLRACE_TRY(read_partition({topic, index}, load));
      }
      return load;
    });
  }

  Result<void> read_partition(commit::PartitionId partition, LogLoad& load) {
    int64_t offset = 0;
    while (true) {
      const io::MonotonicTime asked = world.clock.now();
      const auto got =
          MILLRACE_TRY(io::await<std::vector<commit::PartitionData>>(world.threads, [&](auto done) {
            log.reader().read({.partitions = {{.partition = partition, .offset = offset}}},
                              executor, std::move(done));
          }));
      if (got[0].error) return *got[0].error;
      if (got[0].batches.empty()) return {};
      load.latency_us.add((world.clock.now() - asked) / io::kNsPerUs);
      for (const Buffer& batch : got[0].batches) {
        const auto header = MILLRACE_TRY(record::read_batch_header(batch.span()));
        load.records += header.record_count;
        load.bytes += static_cast<int64_t>(batch.bytes());
        offset = header.base_offset + header.last_offset_delta + 1;
      }
    }
  }
};

Result<LogRuns> run_in(io::World world, const LogBenchOptions& options, std::string folder) {
  const auto executor = world.threads.start({.name = "bench"});
  log::LogOptions log_options;
  log_options.folder = std::move(folder);
  log_options.on_fatal = stop_process;
  const auto log = MILLRACE_TRY(log::Log::open(world, std::move(log_options)));
  const auto topic = MILLRACE_TRY(io::await<commit::TopicId>(world.threads, [&](auto done) {
    log->topics().create(
        {.name = "bench", .partitions = static_cast<uint32_t>(options.partitions), .config = {}},
        *executor, std::move(done));
  }));
  Bench bench{world, options, *log, *executor, topic};
  LogRuns runs;
  runs.append =
      MILLRACE_TRY(bench.append(options.batch_records, {.in_flight_max = options.in_flight}));
  runs.read = MILLRACE_TRY(bench.read());
  runs.latency = MILLRACE_TRY(bench.append(1, {.interval_ns = io::kNsPerSecond / options.rate}));
  return runs;
}

}  // namespace

Result<LogRuns> run_log(io::World world, const LogBenchOptions& options) {
  std::string path;
  if (!options.data.empty()) {
    path = io::join_path(options.data, fmt::format("log-{}", world.clock.wall_us()));
  }
  const DataFolder folder = MILLRACE_TRY(DataFolder::open(world, std::move(path)));
  Result<LogRuns> runs = run_in(world, options, folder.path());
  MILLRACE_TRY(io::remove_tree(world.files, folder.path()));
  return runs;
}

}  // namespace millrace::cli
