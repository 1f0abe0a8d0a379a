#include "log/compact/compaction_rules.h"

#include <charconv>
#include <string>

namespace millrace::log {
namespace {

// What is no number changes nothing: whoever took the setting has checked it.
template <class T>
void take(const commit::Topic& topic, const std::string& key, T& value) {
  const auto setting = topic.config.find(key);
  if (setting == topic.config.end()) return;
  const std::string& text = setting->second;
  T found{};
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), found);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && found >= T{}) {
    value = found;
  }
}

bool asks_for_it(const commit::Topic& topic, const commit::TopicDefaults& defaults) {
  const auto policy = topic.config.find("cleanup.policy");
  if (policy != topic.config.end()) return policy->second.find("compact") != std::string::npos;
  return defaults.compacts && !topic.name.starts_with("__");
}

}  // namespace

std::optional<CompactionRules> compaction_of(const commit::Topic& topic,
                                             const commit::TopicDefaults& defaults) {
  if (!defaults.compaction || !asks_for_it(topic, defaults)) return std::nullopt;
  CompactionRules rules{.delete_retention_ms = defaults.delete_retention_ms,
                        .min_lag_ms = defaults.min_compaction_lag_ms,
                        .max_lag_ms = defaults.max_compaction_lag_ms,
                        .dirty_ratio_min = defaults.dirty_ratio_min};
  take(topic, "delete.retention.ms", rules.delete_retention_ms);
  take(topic, "min.compaction.lag.ms", rules.min_lag_ms);
  take(topic, "max.compaction.lag.ms", rules.max_lag_ms);
  take(topic, "min.cleanable.dirty.ratio", rules.dirty_ratio_min);
  return rules;
}

}  // namespace millrace::log
