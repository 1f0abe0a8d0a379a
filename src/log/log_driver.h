#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "commit/delta.h"
#include "io/await.h"
#include "io/simulated_world.h"
#include "log/log.h"
#include "record/batch_builder.h"
#include "record/batch_view.h"
#include "record/compression.h"

namespace millrace::log {

inline constexpr const char* kTestFolder = "/data";

// One record per value.
inline commit::RecordBatch batch_of(const std::vector<std::string>& values,
                                    int64_t timestamp_ms = 1) {
  record::BatchBuilder builder;
  for (const std::string& value : values) {
    (void)builder.append({.timestamp_ms = timestamp_ms, .key = std::nullopt, .value = value});
  }
  return *commit::RecordBatch::of(builder.build());
}

inline LogOptions small_log() {
  LogOptions options;
  options.folder = kTestFolder;
  options.ring_bytes = options.ring_bytes_max = 1 << 20;
  return options;
}

// LogDriver: a log in some world, with its calls made blocking; for tests only.
class LogDriver {
 public:
  LogDriver(io::World world, LogOptions options = small_log())
      : world_(world),
        options_(std::move(options)),
        executor_(world.threads.start({.name = "test", .nice = 0})) {
    auto opened = Log::open(world_, options_);
    if (opened) {
      log_ = std::move(*opened);
    } else {
      open_error_ = std::move(opened.error());
    }
  }
  ~LogDriver() { log_.reset(); }

  bool is_open() const { return log_ != nullptr; }
  const std::optional<Error>& open_error() const { return open_error_; }
  Log& log() { return *log_; }
  io::Executor& executor() { return *executor_; }
  io::Threads& threads() { return world_.threads; }

  commit::PartitionId make_partition(const std::string& topic, uint32_t index = 0,
                                     uint32_t partitions = 1) {
    if (const auto found = log_->topics().describe(topic)) return {found->id, index};
    const auto id = io::await<commit::TopicId>(world_.threads, [&](auto done) {
      log_->topics().create({.name = topic, .partitions = partitions, .config = {}}, *executor_,
                            std::move(done));
    });
    return {id ? *id : commit::TopicId(), index};
  }
  Result<commit::Appended> append(commit::PartitionId partition, commit::RecordBatch batch,
                                  commit::Acks acks = commit::Acks::kDurable) {
    return io::await<commit::Appended>(world_.threads, [&](auto done) {
      log_->appender().append(partition, std::move(batch), acks, *executor_, std::move(done));
    });
  }
  Result<std::vector<commit::PartitionData>> read(std::vector<commit::PartitionRead> partitions) {
    return io::await<std::vector<commit::PartitionData>>(world_.threads, [&](auto done) {
      log_->reader().read({.partitions = std::move(partitions)}, *executor_, std::move(done));
    });
  }
  // All values of a partition from `offset` on, as "offset:value".
  std::vector<std::string> values(commit::PartitionId partition, int64_t offset = 0) {
    std::vector<std::string> found;
    while (true) {
      auto data = read({{.partition = partition, .offset = offset}});
      if (!data) return found.push_back(data.error().to_string()), found;
      if ((*data)[0].error) return found.push_back((*data)[0].error->to_string()), found;
      if ((*data)[0].batches.empty()) return found;
      for (const Buffer& bytes : (*data)[0].batches) {
        const auto view = record::BatchView::read(bytes);
        if (!view) return found.push_back(view.error().to_string()), found;
        record::Decompressor decompressor;
        auto records = view->records(decompressor);
        record::Record record;
        while (records && *records->next(record)) {
          if (record.offset < offset) continue;
          found.push_back(std::to_string(record.offset) + ":" + std::string(*record.value));
        }
        offset = view->header().last_offset() + 1;
      }
    }
  }
  std::vector<int64_t> ends(const std::vector<commit::PartitionId>& partitions) {
    std::vector<commit::OffsetQuery> queries;
    for (const commit::PartitionId id : partitions) queries.push_back({.partition = id});
    auto answers = io::await<std::vector<Result<int64_t>>>(world_.threads, [&](auto done) {
      log_->reader().offsets(std::move(queries), *executor_, std::move(done));
    });
    std::vector<int64_t> found;
    for (const auto& answer : *answers) found.push_back(answer ? *answer : -1);
    return found;
  }

  Result<commit::OpenedJob> open_job(const std::string& name) {
    return io::await<commit::OpenedJob>(world_.threads, [&](auto done) {
      log_->jobs().open_job(name, *executor_, std::move(done));
    });
  }
  Result<std::unique_ptr<commit::Unit>> begin(commit::OpenedJob job, uint64_t epoch) {
    return log_->jobs().begin(
        {.job = job.job, .incarnation = job.incarnation, .epoch = commit::Epoch(epoch)});
  }
  Result<commit::Committed> commit(commit::Unit& unit, commit::Positions positions = {},
                                   int64_t tick = 0) {
    return io::await<commit::Committed>(world_.threads, [&](auto done) {
      unit.commit(std::move(positions), commit::Tick(tick), *executor_, std::move(done));
    });
  }
  // Stages although the log says "full": waits.
  Result<void> stage(commit::Unit& unit, commit::PartitionId partition,
                     const commit::RecordBatch& batch) {
    return until_accepted(
        [&](io::Wake wake) { return unit.stage(partition, batch, std::move(wake)); });
  }
  Result<void> stage_state(commit::Unit& unit, commit::TaskId task, const Buffer& delta) {
    return until_accepted(
        [&](io::Wake wake) { return unit.stage_state(task, delta, std::move(wake)); });
  }
  template <class Call>
  Result<void> until_accepted(Call call) {
    while (true) {
      io::Notification woken;
      const auto staged = call([&woken] { woken.set(); });
      if (!staged) return staged.error();
      if (*staged == commit::Staged::kAccepted) return {};
      world_.threads.wait(woken);
    }
  }
  // The state as recovery would give it: "group/state/key" and value.
  Result<std::vector<std::pair<std::string, std::string>>> state(commit::JobId job,
                                                                 commit::StateFilter filter = {});
  Result<std::string> position_text(commit::JobId job) {
    const auto recovered = log_->jobs().recover(job);
    if (!recovered) return recovered.error();
    std::string text = "epoch " + std::to_string(recovered->last_epoch.value());
    for (const auto& split : recovered->positions.splits) {
      text += " " + split.split + "@" + split.position;
    }
    return text;
  }

 private:
  io::World world_;
  LogOptions options_;
  std::unique_ptr<io::Executor> executor_;
  std::unique_ptr<Log> log_;
  std::optional<Error> open_error_;
};

inline Result<std::vector<std::pair<std::string, std::string>>> LogDriver::state(
    commit::JobId job, commit::StateFilter filter) {
  std::map<std::string, std::string> found;
  const auto reader = MILLRACE_TRY(log_->jobs().read_state(job, std::move(filter)));
  while (true) {
    const Buffer chunk = MILLRACE_TRY(io::await<Buffer>(
        world_.threads, [&](auto done) { reader->next(*executor_, std::move(done)); }));
    if (chunk.empty()) break;
    const auto delta = MILLRACE_TRY(commit::DeltaReader::open(chunk));
    MILLRACE_TRY(delta.for_each({}, [&](const commit::DeltaEntry& entry) -> Result<void> {
      const std::string key = std::to_string(entry.group.value()) + "/" +
                              std::to_string(entry.state.value()) + "/" + std::string(entry.key);
      if (entry.deleted) {
        found.erase(key);
      } else {
        found[key] = entry.value;
      }
      return {};
    }));
  }
  return std::vector<std::pair<std::string, std::string>>(found.begin(), found.end());
}

}  // namespace millrace::log
