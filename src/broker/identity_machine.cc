#include "broker/identity_machine.h"

#include <algorithm>

#include "base/assert.h"
#include "commit/byte_codec.h"

namespace millrace::broker {
namespace {

enum class Kind : uint8_t { kSetCluster = 1, kReserveProducerIds = 2 };

constexpr std::string_view kTag = "broker.identity";

// Either kind; what a kind does not have is zero.
struct Change {
  Kind kind = Kind::kSetCluster;
  kafka::Uuid cluster;
  int64_t first = 0;
  int64_t count = 0;
};

std::string_view view_of(const kafka::Uuid& id) {
  return {reinterpret_cast<const char*>(id.raw.data()), id.raw.size()};
}

kafka::Uuid uuid_of(std::string_view bytes) {
  kafka::Uuid id;
  if (bytes.size() != id.raw.size()) return id;
  std::ranges::copy(std::as_bytes(std::span(bytes)), id.raw.begin());
  return id;
}

commit::Command encode(const Change& change) {
  commit::ByteWriter to;
  to.number(static_cast<uint8_t>(change.kind));
  to.bytes(view_of(change.cluster));
  to.number(change.first);
  to.number(change.count);
  return {.machine = std::string(kTag), .body = to.take(), .expected_version = {}};
}

Result<Change> decode(std::string_view command) {
  commit::ByteReader from(command);
  Change change;
  change.kind = static_cast<Kind>(from.number<uint8_t>());
  change.cluster = uuid_of(from.bytes());
  change.first = from.number<int64_t>();
  change.count = from.number<int64_t>();
  const bool known = change.kind == Kind::kSetCluster || change.kind == Kind::kReserveProducerIds;
  if (from.finished() && known) return change;
  return Error(ErrorCode::kRingDamaged, "not a command of the broker's identity");
}

}  // namespace

commit::Command IdentityMachine::set_cluster(const kafka::Uuid& id) {
  return encode({.kind = Kind::kSetCluster, .cluster = id});
}

commit::Command IdentityMachine::reserve_producer_ids(int64_t first, int64_t count) {
  return encode({.kind = Kind::kReserveProducerIds, .cluster = {}, .first = first, .count = count});
}

kafka::Uuid IdentityMachine::cluster() const {
  const std::lock_guard lock(mutex_);
  return cluster_;
}

int64_t IdentityMachine::producer_ids_end() const {
  const std::lock_guard lock(mutex_);
  return producer_ids_end_;
}

Result<void> IdentityMachine::check(std::span<const commit::Command> commands) const {
  int64_t end = producer_ids_end();
  for (const commit::Command& command : commands) {
    const Change change = MILLRACE_TRY(decode(command.body));
    if (change.kind != Kind::kReserveProducerIds) continue;
    if (change.first != end || change.count <= 0) {
      return Error(ErrorCode::kVersionConflict, "others have reserved producer ids meanwhile");
    }
    end += change.count;
  }
  return {};
}

void IdentityMachine::apply(commit::Lsn, std::string_view command) {
  const auto change = decode(command);
  MILLRACE_ASSERT(change.has_value());
  const std::lock_guard lock(mutex_);
  if (change->kind == Kind::kReserveProducerIds) {
    producer_ids_end_ = change->first + change->count;
  } else if (cluster_.empty()) {
    cluster_ = change->cluster;
  }
}

std::string IdentityMachine::snapshot() const {
  const std::lock_guard lock(mutex_);
  commit::ByteWriter to;
  to.bytes(view_of(cluster_));
  to.number(producer_ids_end_);
  return to.take();
}

Result<void> IdentityMachine::restore(std::string_view snapshot) {
  commit::ByteReader from(snapshot);
  const kafka::Uuid cluster = uuid_of(from.bytes());
  const auto end = from.number<int64_t>();
  if (!from.finished()) {
    return Error(ErrorCode::kRingDamaged, "not a snapshot of the broker's identity");
  }
  const std::lock_guard lock(mutex_);
  cluster_ = cluster;
  producer_ids_end_ = end;
  return {};
}

}  // namespace millrace::broker
