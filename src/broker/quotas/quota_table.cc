#include "broker/quotas/quota_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>

#include "base/assert.h"
#include "commit/byte_codec.h"

namespace millrace::broker {
namespace {

constexpr std::string_view kAddress = "ip";
constexpr std::string_view kTypes[] = {"client-id", kAddress, "user"};
constexpr size_t kNameBytesMax = 32'767;

// What can be limited, and for whom.
struct QuotaKey {
  std::string_view name;
  bool of_address;
  bool whole;  // a whole number
};
constexpr QuotaKey kKeys[] = {
    {"connection_creation_rate", true, true},   {"consumer_byte_rate", false, true},
    {"controller_mutation_rate", false, false}, {"producer_byte_rate", false, true},
    {"request_percentage", false, false},
};

// The largest double below which all whole numbers are doubles.
constexpr double kWholeMax = 9007199254740992.0;

Error wrong(std::string message) {
  return Error(ErrorCode::kInvalidArgument, std::move(message));
}

// Of a part of an entity, a change, a value, an entity with its values.
constexpr size_t kPartBytesMin = 5;
constexpr size_t kChangeBytesMin = 5;
constexpr size_t kValueBytesMin = 12;
constexpr size_t kEntityBytesMin = 8;

void put(commit::ByteWriter& to, const QuotaEntity& entity) {
  to.number(static_cast<uint32_t>(entity.size()));
  for (const auto& [type, name] : entity) {
    to.bytes(type);
    to.number(static_cast<uint8_t>(name.has_value()));
    if (name) to.bytes(*name);
  }
}

QuotaEntity take_entity(commit::ByteReader& from) {
  QuotaEntity entity;
  for (auto left = from.count(kPartBytesMin); left > 0; --left) {
    std::string type(from.bytes());
    std::optional<std::string> name;
    if (from.number<uint8_t>() != 0) name = std::string(from.bytes());
    entity[std::move(type)] = std::move(name);
  }
  return entity;
}

struct Change {
  QuotaEntity entity;
  QuotaChanges values;
};

Result<Change> decode(std::string_view body) {
  commit::ByteReader from(body);
  Change change;
  change.entity = take_entity(from);
  for (auto left = from.count(kChangeBytesMin); left > 0; --left) {
    std::string key(from.bytes());
    std::optional<double> value;
    if (from.number<uint8_t>() != 0) value = std::bit_cast<double>(from.number<uint64_t>());
    change.values[std::move(key)] = value;
  }
  if (from.finished()) return change;
  return Error(ErrorCode::kRingDamaged, "a change of quotas does not have its layout");
}

}  // namespace

Result<void> check_quota_entity(const QuotaEntity& entity) {
  if (entity.empty()) return wrong("a quota is for somebody");
  for (const auto& [type, name] : entity) {
    if (std::ranges::find(kTypes, type) == std::end(kTypes)) {
      return wrong(fmt::format("'{}' is none of client-id, ip, user", type));
    }
    if (name && (name->empty() || name->size() > kNameBytesMax)) {
      return wrong(fmt::format("the name of a {} has 1 to {} bytes", type, kNameBytesMax));
    }
  }
  if (entity.contains(std::string(kAddress)) && entity.size() > 1) {
    return wrong("the quota of an address is for nothing else");
  }
  return {};
}

Result<void> check_quota(const QuotaEntity& entity, std::string_view key,
                         std::optional<double> value) {
  const bool of_address = entity.contains(std::string(kAddress));
  const auto* known = std::ranges::find(kKeys, key, &QuotaKey::name);
  if (known == std::end(kKeys) || known->of_address != of_address) {
    return wrong(
        fmt::format("'{}' is no quota of {}", key, of_address ? "an address" : "a user or client"));
  }
  if (!value) return {};
  if (!std::isfinite(*value) || *value <= 0) return wrong(fmt::format("{} is above 0", key));
  if (known->whole && (*value > kWholeMax || std::trunc(*value) != *value)) {
    return wrong(fmt::format("{} is a whole number", key));
  }
  return {};
}

std::map<QuotaEntity, QuotaValues> QuotaTable::all() const {
  const std::lock_guard lock(mutex_);
  return quotas_;
}

std::optional<QuotaTable::Bound> QuotaTable::find(const std::string& key, const std::string& user,
                                                  const std::string& client_id) const {
  const std::optional<std::string> any;
  const QuotaEntity entities[] = {
      {{"user", user}, {"client-id", client_id}},
      {{"user", user}, {"client-id", any}},
      {{"user", user}},
      {{"user", any}, {"client-id", client_id}},
      {{"user", any}, {"client-id", any}},
      {{"user", any}},
      {{"client-id", client_id}},
      {{"client-id", any}},
  };
  const std::lock_guard lock(mutex_);
  for (const QuotaEntity& entity : entities) {
    const auto quota = quotas_.find(entity);
    if (quota == quotas_.end()) continue;
    const auto value = quota->second.find(key);
    if (value == quota->second.end()) continue;
    return Bound{value->second, entity.contains("user"), entity.contains("client-id")};
  }
  return std::nullopt;
}

std::optional<double> QuotaTable::find_connection_rate(const std::string& address) const {
  const std::string type(kAddress);
  const QuotaEntity entities[] = {{{type, address}}, {{type, std::nullopt}}};
  const std::lock_guard lock(mutex_);
  for (const QuotaEntity& entity : entities) {
    const auto quota = quotas_.find(entity);
    if (quota == quotas_.end()) continue;
    const auto value = quota->second.find("connection_creation_rate");
    if (value != quota->second.end()) return value->second;
  }
  return std::nullopt;
}

commit::Command QuotaTable::change_command(const QuotaEntity& entity, const QuotaChanges& changes) {
  commit::ByteWriter to;
  put(to, entity);
  to.number(static_cast<uint32_t>(changes.size()));
  for (const auto& [key, value] : changes) {
    to.bytes(key);
    to.number(static_cast<uint8_t>(value.has_value()));
    if (value) to.number(std::bit_cast<uint64_t>(*value));
  }
  return {.machine = std::string(kTag), .body = to.take(), .expected_version = {}};
}

Result<void> QuotaTable::check(std::span<const commit::Command> commands) const {
  for (const commit::Command& command : commands) MILLRACE_TRY(decode(command.body));
  return {};
}

void QuotaTable::apply(commit::Lsn, std::string_view command) {
  auto change = decode(command);
  MILLRACE_ASSERT(change.has_value());
  const std::lock_guard lock(mutex_);
  const auto quota = quotas_.try_emplace(std::move(change->entity)).first;
  for (const auto& [key, value] : change->values) {
    if (value) {
      quota->second[key] = *value;
    } else {
      quota->second.erase(key);
    }
  }
  if (quota->second.empty()) quotas_.erase(quota);
  empty_ = quotas_.empty();
}

std::string QuotaTable::snapshot() const {
  const std::lock_guard lock(mutex_);
  commit::ByteWriter to;
  to.number(static_cast<uint32_t>(quotas_.size()));
  for (const auto& [entity, values] : quotas_) {
    put(to, entity);
    to.number(static_cast<uint32_t>(values.size()));
    for (const auto& [key, value] : values) {
      to.bytes(key);
      to.number(std::bit_cast<uint64_t>(value));
    }
  }
  return to.take();
}

Result<void> QuotaTable::restore(std::string_view snapshot) {
  commit::ByteReader from(snapshot);
  std::map<QuotaEntity, QuotaValues> restored;
  for (auto left = from.count(kEntityBytesMin); left > 0; --left) {
    QuotaValues& values = restored[take_entity(from)];
    for (auto keys = from.count(kValueBytesMin); keys > 0; --keys) {
      std::string key(from.bytes());
      values[std::move(key)] = std::bit_cast<double>(from.number<uint64_t>());
    }
  }
  if (!from.finished()) {
    return Error(ErrorCode::kRingDamaged, "the checkpoint's table of quotas is not readable");
  }
  const std::lock_guard lock(mutex_);
  quotas_ = std::move(restored);
  empty_ = quotas_.empty();
  return {};
}

}  // namespace millrace::broker
