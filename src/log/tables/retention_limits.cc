#include "log/tables/retention_limits.h"

#include <charconv>
#include <string>

namespace millrace::log {
namespace {

// Less than zero, and what is no number, sets no limit.
template <class T>
std::optional<T> limit(const commit::Topic& topic, const std::string& key,
                       std::optional<T> otherwise) {
  const auto setting = topic.config.find(key);
  if (setting == topic.config.end()) return otherwise;
  const std::string& text = setting->second;
  int64_t value = -1;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || value < 0) {
    return std::nullopt;
  }
  return static_cast<T>(value);
}

}  // namespace

std::optional<RetentionLimits> retention_of(const commit::Topic& topic,
                                            const commit::TopicDefaults& defaults) {
  if (topic.name.starts_with("__")) return std::nullopt;
  const auto policy = topic.config.find("cleanup.policy");
  const bool deletes = policy == topic.config.end()
                           ? defaults.deletes
                           : policy->second.find("delete") != std::string::npos;
  if (!deletes) return std::nullopt;
  const RetentionLimits limits{.ms = limit(topic, "retention.ms", defaults.retention_ms),
                               .bytes = limit(topic, "retention.bytes", defaults.retention_bytes)};
  if (!limits.ms && !limits.bytes) return std::nullopt;
  return limits;
}

SegmentLimits segment_limits_of(const commit::Topic& topic) {
  const SegmentLimits usual;
  return {.bytes = limit(topic, "segment.bytes", std::optional(usual.bytes)).value_or(usual.bytes),
          .ms = limit(topic, "segment.ms", std::optional(usual.ms)).value_or(usual.ms)};
}

}  // namespace millrace::log
