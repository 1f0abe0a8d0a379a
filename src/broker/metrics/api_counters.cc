#include "broker/metrics/api_counters.h"

#include "kafka/api.h"

namespace millrace::broker {

using kafka::ProtocolError;

void ApiCounter::count_error(int16_t code) {
  auto place = static_cast<size_t>(code - kFirstCode);
  // Whatever is none of the protocol's counts as unknown.
  if (place >= kCodes) place = 0;
  errors_[place].fetch_add(1, std::memory_order_relaxed);
}

std::vector<std::pair<ProtocolError, uint64_t>> ApiCounter::errors() const {
  std::vector<std::pair<ProtocolError, uint64_t>> errors;
  for (size_t place = 0; place < kCodes; ++place) {
    const uint64_t count = errors_[place].load(std::memory_order_relaxed);
    if (count == 0) continue;
    const auto code = static_cast<int16_t>(kFirstCode + static_cast<int16_t>(place));
    errors.emplace_back(static_cast<ProtocolError>(code), count);
  }
  return errors;
}

ApiCounters::ApiCounters(std::span<const int16_t> keys) {
  for (const int16_t key : keys) {
    const kafka::Api* const api = kafka::find_api(key);
    counters_.emplace(key, std::make_unique<ApiCounter>(api == nullptr ? "?" : api->name));
  }
}

ApiCounter* ApiCounters::find(int16_t key) const {
  const auto found = counters_.find(key);
  return found == counters_.end() ? nullptr : found->second.get();
}

std::vector<const ApiCounter*> ApiCounters::all() const {
  std::vector<const ApiCounter*> all;
  for (const auto& [key, counter] : counters_) all.push_back(counter.get());
  return all;
}

}  // namespace millrace::broker
