#pragma once

#include <cstdint>
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

// The script that runs one of them: tables, views, the sink, and the INSERT.
struct NexmarkStream {
  int64_t events = 100'000'000;
  int64_t rate = 10'000'000;  // events per second of event time
  bool pushdown = false;      // leave out what the query does not use
};
std::string nexmark_script(const NexmarkQuery& query, const NexmarkStream& stream);

}  // namespace millrace::cli
