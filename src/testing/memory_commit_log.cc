#include "testing/memory_commit_log.h"

#include <cstring>

#include "base/assert.h"
#include "base/endian.h"
#include "testing/memory_log_jobs.h"
#include "testing/memory_log_topics.h"

namespace millrace::testing {
namespace {

constexpr size_t kHeaderBytes = 61;
constexpr size_t kLengthFrom = 12;

}  // namespace

MemoryCommitLog::MemoryCommitLog(MemoryLogOptions options)
    : options_(std::move(options)),
      store_(std::make_unique<Store>()),
      jobs_(std::make_unique<JobsPart>(*store_, options_)),
      appender_(std::make_unique<AppenderPart>(*store_)),
      reader_(std::make_unique<ReaderPart>(*store_)),
      topics_(std::make_unique<TopicsPart>(*store_)),
      proposals_(std::make_unique<ProposalsPart>(*store_)) {}

MemoryCommitLog::~MemoryCommitLog() = default;

commit::Jobs& MemoryCommitLog::jobs() {
  return *jobs_;
}
commit::Appender& MemoryCommitLog::appender() {
  return *appender_;
}
commit::Reader& MemoryCommitLog::reader() {
  return *reader_;
}
commit::Topics& MemoryCommitLog::topics() {
  return *topics_;
}
commit::Proposals& MemoryCommitLog::proposals() {
  return *proposals_;
}

commit::Capabilities MemoryCommitLog::capabilities() const {
  return {.atomic_scope = commit::AtomicScope::kJob, .open_units_max = options_.open_units_max};
}

void MemoryCommitLog::register_machine(commit::StateMachine& machine) {
  store_->machines[std::string(machine.tag())] = {&machine, 0};
}

commit::PartitionId MemoryCommitLog::make_partition(const std::string& topic) {
  const std::lock_guard lock(store_->mutex);
  commit::Topic made;
  made.id = commit::TopicId(++store_->last_id);
  made.name = topic;
  made.partitions = 1;
  store_->topics[made.id] = made;
  return {made.id, 0};
}

std::vector<Buffer> MemoryCommitLog::batches(commit::PartitionId partition) const {
  const std::lock_guard lock(store_->mutex);
  const auto found = store_->partitions.find(partition);
  return found == store_->partitions.end() ? std::vector<Buffer>() : found->second.batches;
}

uint32_t MemoryCommitLog::open_units() const {
  const std::lock_guard lock(store_->mutex);
  return store_->open_units;
}

uint64_t MemoryCommitLog::commits() const {
  const std::lock_guard lock(store_->mutex);
  return store_->commits;
}

uint64_t MemoryCommitLog::snapshots_adopted() const {
  const std::lock_guard lock(store_->mutex);
  return store_->snapshots_adopted;
}

uint64_t MemoryCommitLog::state_bytes(const std::string& name) const {
  const std::lock_guard lock(store_->mutex);
  uint64_t bytes = 0;
  for (const auto& [id, job] : store_->jobs) {
    if (job.name != name) continue;
    for (const Store::StateChunk& chunk : job.state) bytes += chunk.delta.bytes();
  }
  return bytes;
}

int64_t MemoryCommitLog::Store::append(commit::PartitionId id, const commit::RecordBatch& batch) {
  Partition& partition = partitions[id];
  Buffer placed = Buffer::copy_of(batch.bytes.span());
  store_be<int64_t>(placed.mutable_data(), partition.end);
  partition.batches.push_back(std::move(placed));
  partition.base_offsets.push_back(partition.end);
  partition.end += batch.records;
  return partition.base_offsets.back();
}

void MemoryCommitLog::Store::wake_watchers() {
  for (auto at = watchers.begin(); at != watchers.end();) {
    Watcher& watcher = at->second;
    const bool gone = !topics.contains(watcher.partition.topic);
    if (!gone && partitions[watcher.partition].end <= watcher.offset) {
      ++at;
      continue;
    }
    watcher.executor->post([wake = std::move(watcher.wake)]() mutable { wake(); });
    at = watchers.erase(at);
  }
}

MemoryCommitLog::Store::Job* MemoryCommitLog::Store::find_job(commit::JobId id) {
  const auto found = jobs.find(id);
  return found == jobs.end() ? nullptr : &found->second;
}

Result<MemoryCommitLog::Store::Job*> MemoryCommitLog::Store::current_job(
    commit::JobId id, commit::Incarnation incarnation) {
  Job* const job = find_job(id);
  if (job == nullptr || job->incarnation != incarnation) {
    return Error(ErrorCode::kFenced, "a newer incarnation of the job was opened");
  }
  return job;
}

Buffer wrap_batch(std::string_view payload, uint32_t records) {
  Buffer batch = Buffer::zeroed(kHeaderBytes + payload.size());
  std::byte* bytes = batch.mutable_data();
  store_be<int32_t>(bytes + 8, static_cast<int32_t>(batch.bytes() - kLengthFrom));
  bytes[16] = std::byte{2};
  store_be<int32_t>(bytes + 23, static_cast<int32_t>(records) - 1);
  store_be<int64_t>(bytes + 35, -1);
  store_be<int32_t>(bytes + 57, static_cast<int32_t>(records));
  std::memcpy(bytes + kHeaderBytes, payload.data(), payload.size());
  return batch;
}

std::string payload_of(const Buffer& batch) {
  return std::string(batch.view().substr(kHeaderBytes));
}

}  // namespace millrace::testing
