#include "broker/fetch/fetch_sessions.h"

#include <algorithm>

namespace millrace::broker {

using kafka::ProtocolError;

kafka::ProtocolError FetchSession::advance(int32_t epoch) {
  const std::lock_guard lock(mutex_);
  if (epoch != next_epoch_) return ProtocolError::kInvalidFetchSessionEpoch;
  next_epoch_ = epoch == INT32_MAX ? 1 : epoch + 1;
  return ProtocolError::kNone;
}

std::vector<FetchedPartition> FetchSession::update(const kafka::FetchRequest& request) {
  const std::lock_guard lock(mutex_);
  for (const auto& topic : request.forgotten_topics) {
    for (const int32_t index : topic.partitions) {
      const auto found = by_name_.find(PartitionName{topic.name, topic.id, index});
      if (found == by_name_.end()) continue;
      partitions_.erase(found->second);
      by_name_.erase(found);
    }
  }
  for (FetchedPartition& partition : partitions_of(request)) {
    const auto [found, is_new] = by_name_.try_emplace(partition.name);
    if (is_new) found->second = partitions_.insert(partitions_.end(), Cached());
    found->second->partition = std::move(partition);
  }
  std::vector<FetchedPartition> all;
  for (const Cached& cached : partitions_) all.push_back(cached.partition);
  return all;
}

bool FetchSession::note(const PartitionName& name, const kafka::FetchResponse::Partition& answer) {
  const std::lock_guard lock(mutex_);
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return true;
  Cached& cached = *found->second;
  const bool records = answer.record_batches && !answer.record_batches->empty();
  const bool news = answer.error_code != 0 || records ||
                    cached.high_watermark != answer.high_watermark ||
                    cached.log_start_offset != answer.log_start_offset;
  cached.high_watermark = answer.error_code != 0 ? -1 : answer.high_watermark;
  cached.log_start_offset = answer.log_start_offset;
  // Whoever had records waits until the others had theirs.
  if (records) partitions_.splice(partitions_.end(), partitions_, found->second);
  return news;
}

FetchSessionPtr FetchSessions::open(bool by_id) {
  const std::lock_guard lock(mutex_);
  if (sessions_.size() >= sessions_max_) {
    sessions_.erase(by_use_.back());
    by_use_.pop_back();
  }
  int32_t id = 0;
  while (id == 0 || sessions_.contains(id)) {
    id = static_cast<int32_t>(random_.next() & INT32_MAX);
  }
  by_use_.push_front(id);
  auto session = std::make_shared<FetchSession>(id, by_id);
  sessions_.emplace(id, Held{session, by_use_.begin()});
  return session;
}

FetchSessionPtr FetchSessions::find(int32_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return nullptr;
  by_use_.splice(by_use_.begin(), by_use_, found->second.used);
  return found->second.session;
}

void FetchSessions::close(int32_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return;
  by_use_.erase(found->second.used);
  sessions_.erase(found);
}

size_t FetchSessions::size() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

}  // namespace millrace::broker
