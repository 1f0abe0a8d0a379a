#include "broker/settings/settings_table.h"

#include "base/assert.h"
#include "commit/byte_codec.h"

namespace millrace::broker {
namespace {

constexpr size_t kValueBytesMin = 8;
constexpr size_t kResourceBytesMin = 9;

struct Change {
  ResourceType type = ResourceType::kBroker;
  std::string name;
  SettingChanges values;
};

Result<Change> decode(std::string_view body) {
  commit::ByteReader from(body);
  Change change;
  change.type = static_cast<ResourceType>(from.number<int8_t>());
  change.name = from.bytes();
  for (auto left = from.count(kValueBytesMin - 3); left > 0; --left) {
    std::string name(from.bytes());
    std::optional<std::string> value;
    if (from.number<uint8_t>() != 0) value = std::string(from.bytes());
    change.values[std::move(name)] = std::move(value);
  }
  if (from.finished()) return change;
  return Error(ErrorCode::kRingDamaged, "a change of settings does not have its layout");
}

}  // namespace

commit::Command SettingsTable::change_command(ResourceType type, std::string_view name,
                                              const SettingChanges& changes) {
  commit::ByteWriter to;
  to.number(static_cast<int8_t>(type));
  to.bytes(name);
  to.number(static_cast<uint32_t>(changes.size()));
  for (const auto& [setting, value] : changes) {
    to.bytes(setting);
    to.number(static_cast<uint8_t>(value.has_value()));
    if (value) to.bytes(*value);
  }
  return {.machine = std::string(kTag), .body = to.take(), .expected_version = {}};
}

SettingValues SettingsTable::find(ResourceType type, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = resources_.find({type, std::string(name)});
  return found == resources_.end() ? SettingValues() : found->second;
}

std::vector<std::string> SettingsTable::names(ResourceType type) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [resource, values] : resources_) {
    if (resource.first == type) names.push_back(resource.second);
  }
  return names;
}

Result<void> SettingsTable::check(std::span<const commit::Command> commands) const {
  for (const commit::Command& command : commands) MILLRACE_TRY(decode(command.body));
  return {};
}

void SettingsTable::apply(commit::Lsn, std::string_view command) {
  auto change = decode(command);
  MILLRACE_ASSERT(change.has_value());
  const std::lock_guard lock(mutex_);
  const auto resource = resources_.try_emplace({change->type, std::move(change->name)}).first;
  for (auto& [name, value] : change->values) {
    if (value) {
      resource->second[name] = *std::move(value);
    } else {
      resource->second.erase(name);
    }
  }
  if (resource->second.empty()) resources_.erase(resource);
  changes_.fetch_add(1, std::memory_order_release);
}

std::string SettingsTable::snapshot() const {
  const std::lock_guard lock(mutex_);
  commit::ByteWriter to;
  to.number(static_cast<uint32_t>(resources_.size()));
  for (const auto& [resource, values] : resources_) {
    to.number(static_cast<int8_t>(resource.first));
    to.bytes(resource.second);
    to.number(static_cast<uint32_t>(values.size()));
    for (const auto& [name, value] : values) {
      to.bytes(name);
      to.bytes(value);
    }
  }
  return to.take();
}

Result<void> SettingsTable::restore(std::string_view snapshot) {
  commit::ByteReader from(snapshot);
  std::map<Resource, SettingValues> restored;
  for (auto left = from.count(kResourceBytesMin); left > 0; --left) {
    const auto type = static_cast<ResourceType>(from.number<int8_t>());
    SettingValues& values = restored[{type, std::string(from.bytes())}];
    for (auto settings = from.count(kValueBytesMin); settings > 0; --settings) {
      std::string name(from.bytes());
      values[std::move(name)] = from.bytes();
    }
  }
  if (!from.finished()) {
    return Error(ErrorCode::kRingDamaged, "the checkpoint's table of settings is not readable");
  }
  const std::lock_guard lock(mutex_);
  resources_ = std::move(restored);
  changes_.fetch_add(1, std::memory_order_release);
  return {};
}

}  // namespace millrace::broker
