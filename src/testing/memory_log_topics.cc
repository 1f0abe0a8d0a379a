#include "testing/memory_log_topics.h"

#include <algorithm>

#include "commit/topic_command.h"

namespace millrace::testing {
namespace {

Error no_topic() {
  return Error(ErrorCode::kTopicNotFound, "there is no such topic");
}

}  // namespace

Result<std::vector<commit::Appended>> MemoryCommitLog::AppenderPart::append_now(
    const std::vector<commit::PartitionBatch>& all) {
  const std::lock_guard lock(store_.mutex);
  for (const commit::PartitionBatch& each : all) {
    if (!store_.topics.contains(each.partition.topic)) return no_topic();
  }
  const commit::Lsn lsn = store_.next_lsn();
  std::vector<commit::Appended> appended;
  for (const commit::PartitionBatch& each : all) {
    appended.push_back({lsn, store_.append(each.partition, each.batch)});
  }
  store_.wake_watchers();
  return appended;
}

void MemoryCommitLog::AppenderPart::append(commit::PartitionId partition, commit::RecordBatch batch,
                                           commit::Acks, io::Executor& executor,
                                           io::Completion<Result<commit::Appended>> done) {
  auto appended = append_now({{partition, std::move(batch)}});
  executor.post([done = std::move(done), appended = std::move(appended)]() mutable {
    if (!appended) return done(std::move(appended).error());
    done(appended->front());
  });
}

void MemoryCommitLog::AppenderPart::append_all(
    std::vector<commit::PartitionBatch> batches, io::Executor& executor,
    io::Completion<Result<std::vector<commit::Appended>>> done) {
  executor.post([done = std::move(done), appended = append_now(batches)]() mutable {
    done(std::move(appended));
  });
}

commit::PartitionData MemoryCommitLog::ReaderPart::read_partition(
    const commit::PartitionRead& read) {
  commit::PartitionData data;
  data.partition = read.partition;
  if (!store_.topics.contains(read.partition.topic)) {
    data.error = no_topic();
    return data;
  }
  const Store::Partition& partition = store_.partitions[read.partition];
  data.high_watermark = data.stable_offset = partition.end;
  if (read.offset < 0 || read.offset > partition.end) {
    data.error = Error(ErrorCode::kOffsetOutOfRange, "the offset lies outside the partition");
    return data;
  }
  uint64_t bytes = 0;
  for (size_t index = 0; index < partition.batches.size() && bytes < read.bytes_max; ++index) {
    const int64_t end =
        index + 1 < partition.batches.size() ? partition.base_offsets[index + 1] : partition.end;
    if (end <= read.offset) continue;
    data.batches.push_back(partition.batches[index]);
    bytes += partition.batches[index].bytes();
  }
  return data;
}

void MemoryCommitLog::ReaderPart::read(
    commit::ReadRequest request, io::Executor& executor,
    io::Completion<Result<std::vector<commit::PartitionData>>> done) {
  const std::lock_guard lock(store_.mutex);
  std::vector<commit::PartitionData> all;
  for (const commit::PartitionRead& read : request.partitions) all.push_back(read_partition(read));
  executor.post([done = std::move(done), all = std::move(all)]() mutable { done(std::move(all)); });
}

Result<int64_t> MemoryCommitLog::ReaderPart::offset(const commit::OffsetQuery& query) {
  if (!store_.topics.contains(query.partition.topic)) return no_topic();
  const Store::Partition& partition = store_.partitions[query.partition];
  if (query.kind == commit::OffsetKind::kEarliest) return 0;
  if (query.kind != commit::OffsetKind::kAtTime) return partition.end;
  for (size_t index = 0; index < partition.batches.size(); ++index) {
    const auto batch = MILLRACE_TRY(commit::RecordBatch::of(partition.batches[index]));
    if (batch.max_timestamp_ms >= query.timestamp_ms) return partition.base_offsets[index];
  }
  return partition.end;
}

void MemoryCommitLog::ReaderPart::offsets(
    std::vector<commit::OffsetQuery> queries, io::Executor& executor,
    io::Completion<Result<std::vector<Result<int64_t>>>> done) {
  const std::lock_guard lock(store_.mutex);
  std::vector<Result<int64_t>> answers;
  for (const commit::OffsetQuery& query : queries) answers.push_back(offset(query));
  executor.post([done = std::move(done), answers = std::move(answers)]() mutable {
    done(std::move(answers));
  });
}

class MemoryCommitLog::MemoryWatch final : public commit::Watch {
 public:
  MemoryWatch(Store& store, uint64_t id) : store_(store), id_(id) {}
  ~MemoryWatch() override {
    const std::lock_guard lock(store_.mutex);
    store_.watchers.erase(id_);
  }

 private:
  Store& store_;
  const uint64_t id_;
};

std::unique_ptr<commit::Watch> MemoryCommitLog::ReaderPart::watch(commit::PartitionId partition,
                                                                  int64_t offset, commit::Isolation,
                                                                  io::Executor& executor,
                                                                  io::Wake wake) {
  const std::lock_guard lock(store_.mutex);
  const uint64_t id = ++store_.last_id;
  store_.watchers[id] = {partition, offset, &executor, std::move(wake)};
  store_.wake_watchers();
  return std::make_unique<MemoryWatch>(store_, id);
}

// It keeps batches as they come, and no account of who wrote them.
Result<std::vector<commit::PartitionProducer>> MemoryCommitLog::ReaderPart::producers(
    commit::PartitionId partition) const {
  const std::lock_guard lock(store_.mutex);
  if (!store_.topics.contains(partition.topic)) return no_topic();
  return std::vector<commit::PartitionProducer>();
}

// It lives for one start.
Result<commit::LeaderEpochs> MemoryCommitLog::ReaderPart::leader_epochs(
    commit::PartitionId partition) const {
  const std::lock_guard lock(store_.mutex);
  if (!store_.topics.contains(partition.topic)) return no_topic();
  return commit::LeaderEpochs({{0, 0}});
}

Result<commit::PartitionSize> MemoryCommitLog::ReaderPart::size(
    commit::PartitionId partition) const {
  const std::lock_guard lock(store_.mutex);
  if (!store_.topics.contains(partition.topic)) return no_topic();
  commit::PartitionSize size;
  for (const Buffer& batch : store_.partitions[partition].batches) size.ring_bytes += batch.bytes();
  return size;
}

Result<commit::TopicId> MemoryCommitLog::TopicsPart::create_now(Store& store,
                                                                commit::TopicSpec spec) {
  MILLRACE_TRY(commit::check_topic_name(spec.name));
  for (const auto& [id, topic] : store.topics) {
    if (topic.name != spec.name) continue;
    return Error(ErrorCode::kTopicExists, "the topic exists already").at(spec.name);
  }
  commit::Topic topic;
  topic.id = commit::TopicId(++store.last_id);
  topic.name = std::move(spec.name);
  topic.partitions = spec.partitions;
  topic.config = std::move(spec.config);
  const commit::TopicId id = topic.id;
  store.topics[id] = std::move(topic);
  return id;
}

Result<void> MemoryCommitLog::TopicsPart::remove_now(Store& store, commit::TopicId topic) {
  if (store.topics.erase(topic) == 0) return no_topic();
  std::erase_if(store.partitions, [&](const auto& entry) { return entry.first.topic == topic; });
  store.wake_watchers();
  return {};
}

void MemoryCommitLog::TopicsPart::create(commit::TopicSpec spec, io::Executor& executor,
                                         io::Completion<Result<commit::TopicId>> done) {
  const std::lock_guard lock(store_.mutex);
  executor.post([done = std::move(done), made = create_now(store_, std::move(spec))]() mutable {
    done(std::move(made));
  });
}

void MemoryCommitLog::TopicsPart::remove(commit::TopicId topic, io::Executor& executor,
                                         io::Completion<Result<void>> done) {
  const std::lock_guard lock(store_.mutex);
  executor.post([done = std::move(done), removed = remove_now(store_, topic)]() mutable {
    done(std::move(removed));
  });
}

Result<commit::Topic> MemoryCommitLog::TopicsPart::describe(std::string_view name) {
  const std::lock_guard lock(store_.mutex);
  for (const auto& [id, topic] : store_.topics) {
    if (topic.name == name) return topic;
  }
  return no_topic().at(std::string(name));
}

Result<commit::Topic> MemoryCommitLog::TopicsPart::describe(commit::TopicId topic) {
  const std::lock_guard lock(store_.mutex);
  const auto found = store_.topics.find(topic);
  if (found == store_.topics.end()) return no_topic();
  return found->second;
}

std::vector<commit::Topic> MemoryCommitLog::TopicsPart::list() {
  const std::lock_guard lock(store_.mutex);
  std::vector<commit::Topic> all;
  for (const auto& [id, topic] : store_.topics) all.push_back(topic);
  std::ranges::sort(all, {}, &commit::Topic::name);
  return all;
}

commit::TopicChanges MemoryCommitLog::TopicsPart::changes(uint64_t moment) {
  return {.moment = moment + 1, .all = true, .changed = list(), .removed = {}};
}

Result<void> MemoryCommitLog::ProposalsPart::check(
    const std::vector<commit::Command>& commands) const {
  std::map<std::string_view, std::vector<commit::Command>> by_machine;
  for (const commit::Command& command : commands) {
    if (command.machine == commit::kTopicMachine) continue;
    const auto found = store_.machines.find(command.machine);
    if (found == store_.machines.end()) {
      return Error(ErrorCode::kInvalidArgument, "no such state machine").at(command.machine);
    }
    if (command.expected_version && *command.expected_version != found->second.version) {
      return Error(ErrorCode::kVersionConflict, "the machine has moved on").at(command.machine);
    }
    by_machine[found->first].push_back(command);
  }
  for (const auto& [tag, own] : by_machine) {
    MILLRACE_TRY(store_.machines.find(tag)->second.machine->check(own));
  }
  return {};
}

Result<void> MemoryCommitLog::ProposalsPart::apply_topic_command(const commit::Command& command) {
  commit::TopicCommand topic = MILLRACE_TRY(commit::TopicCommand::decode(command.body));
  switch (topic.kind) {
    case commit::TopicCommand::Kind::kCreate: {
      commit::TopicSpec spec{topic.name, topic.partitions.value_or(1), {}};
      for (const auto& [key, value] : topic.config) spec.config[key] = value.value_or("");
      MILLRACE_TRY(TopicsPart::create_now(store_, std::move(spec)));
      return {};
    }
    case commit::TopicCommand::Kind::kDelete:
      return TopicsPart::remove_now(store_, topic.topic);
    case commit::TopicCommand::Kind::kAlter: {
      const auto found = store_.topics.find(topic.topic);
      if (found == store_.topics.end()) return no_topic();
      found->second.partitions = topic.partitions.value_or(found->second.partitions);
      for (const auto& [key, value] : topic.config) {
        if (value)
          found->second.config[key] = *value;
        else
          found->second.config.erase(key);
      }
      return {};
    }
    case commit::TopicCommand::Kind::kDeleteRecords:
      return Error(ErrorCode::kInvalidArgument, "a log in memory keeps all records");
  }
  return {};
}

Result<commit::Lsn> MemoryCommitLog::ProposalsPart::propose_now(
    const std::vector<commit::Command>& commands) {
  const std::lock_guard lock(store_.mutex);
  MILLRACE_TRY(check(commands));
  // Topic commands can fail, so they go first: tests propose at most one.
  for (const commit::Command& command : commands) {
    if (command.machine == commit::kTopicMachine) MILLRACE_TRY(apply_topic_command(command));
  }
  const commit::Lsn lsn = store_.next_lsn();
  for (const commit::Command& command : commands) {
    const auto found = store_.machines.find(command.machine);
    if (found == store_.machines.end()) continue;
    found->second.machine->apply(lsn, command.body);
    ++found->second.version;
  }
  return lsn;
}

void MemoryCommitLog::ProposalsPart::propose(std::vector<commit::Command> commands,
                                             io::Executor& executor,
                                             io::Completion<Result<commit::Lsn>> done) {
  executor.post([done = std::move(done), result = propose_now(commands)]() mutable {
    done(std::move(result));
  });
}

uint64_t MemoryCommitLog::ProposalsPart::version(std::string_view machine) const {
  const std::lock_guard lock(store_.mutex);
  const auto found = store_.machines.find(machine);
  return found == store_.machines.end() ? 0 : found->second.version;
}

}  // namespace millrace::testing
