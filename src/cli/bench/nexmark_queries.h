#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace millrace::cli {

struct NexmarkQuery {
  std::string_view name;     // "q5"
  std::string_view asks;     // one line
  std::string_view columns;  // of the sink
  std::string_view query;    // over the views person, auction and bid
};

// What the benchmark runs, in order. `generate` only makes the stream and drops it.
std::span<const NexmarkQuery> nexmark_queries();

// How far the watermark lags behind event time.
inline constexpr int64_t kNexmarkWatermarkDelaySeconds = 4;

// The script that runs one of them: tables, views, the sink, and the INSERT.
struct NexmarkStream {
  int64_t events = 100'000'000;  // 0: endless
  int64_t rate = 10'000'000;     // events per second of event time
  bool pushdown = false;         // leave out what the query does not use
  // Wall clock of the first event, for a stream that comes as it happens, at `rate`.
  std::optional<int64_t> happens_from_us;
};
std::string nexmark_script(const NexmarkQuery& query, const NexmarkStream& stream);

}  // namespace millrace::cli
