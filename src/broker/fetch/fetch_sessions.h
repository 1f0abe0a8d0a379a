#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "broker/fetch/fetch_plan.h"
#include "io/clock.h"
#include "kafka/protocol_error.h"

namespace millrace::broker {

// FetchSession: what a consumer fetches again and again, so that it sends only what changes and is
// sent only partitions with news (KIP-227).
//
// Threading:  synchronised inside; a client has one fetch under way in a session.
class FetchSession {
 public:
  explicit FetchSession(int32_t id, bool by_id) : id_(id), by_id_(by_id) {}

  int32_t id() const { return id_; }
  bool by_id() const { return by_id_; }

  // Takes the epoch of the next request; kInvalidFetchSessionEpoch if it is another one.
  kafka::ProtocolError advance(int32_t epoch);
  // Adds, replaces and forgets; returns all that are fetched, those that had records last go last.
  std::vector<FetchedPartition> update(const kafka::FetchRequest& request);
  // Whether the answer has news for the client; notes it.
  bool note(const PartitionName& name, const kafka::FetchResponse::Partition& answer);

 private:
  struct Cached {
    FetchedPartition partition;
    int64_t high_watermark = -1;
    int64_t log_start_offset = -1;
  };

  const int32_t id_;
  const bool by_id_;  // topics are named by id
  std::mutex mutex_;
  int32_t next_epoch_ = 1;
  std::list<Cached> partitions_;
  std::map<PartitionName, std::list<Cached>::iterator> by_name_;
};
using FetchSessionPtr = std::shared_ptr<FetchSession>;

// FetchSessions: the sessions of the broker, a bounded number of them; when one more is asked for,
// the one that was not used for the longest time goes.
//
// Threading:  synchronised inside.
class FetchSessions {
 public:
  FetchSessions(io::Random& random, size_t sessions_max)
      : random_(random), sessions_max_(sessions_max) {}

  FetchSessionPtr open(bool by_id);
  // nullptr: there is none of this id.
  FetchSessionPtr find(int32_t id);
  void close(int32_t id);
  size_t size() const;

 private:
  struct Held {
    FetchSessionPtr session;
    std::list<int32_t>::iterator used;
  };
  io::Random& random_;
  const size_t sessions_max_;
  mutable std::mutex mutex_;
  std::unordered_map<int32_t, Held> sessions_;
  std::list<int32_t> by_use_;  // the one used last in front
};

}  // namespace millrace::broker
