#pragma once

#include <cstdint>

namespace millrace::engine {

// How far a step of a task has come. Nothing blocks: what cannot go on keeps a cursor and says why.
enum class Step : uint8_t {
  kDone,   // the step is complete; the next event may come
  kAgain,  // output is full or the time slice is over: call resume when there is credit
  kWait,   // data is being fetched: resume follows the wake-up
};

// Event time and processing time, µs since 1970. kTimeMax as a watermark: the port ended.
using Timestamp = int64_t;
inline constexpr Timestamp kTimeMin = INT64_MIN;
inline constexpr Timestamp kTimeMax = INT64_MAX;

enum class TimeDomain : uint8_t {
  kEvent,       // watermark w: no row with an event time below w is expected
  kProcessing,  // the tick
};

}  // namespace millrace::engine
