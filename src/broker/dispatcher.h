#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "broker/handler.h"
#include "broker/metrics/api_counters.h"
#include "broker/quotas/client_quotas.h"
#include "kafka/api.h"

namespace millrace::broker {

// Dispatcher: requests to the handlers of their APIs.
//
// Threading:  synchronised inside; dispatch from any connection.
// Failure:    a frame without a header, an API without a handler, a version that is not served:
//             the connection ends, as clients expect. ApiVersions answers any version.
class Dispatcher {
 public:
  // `quotas` may be null; outlives it.
  explicit Dispatcher(std::vector<std::unique_ptr<Handler>> handlers,
                      ClientQuotas* quotas = nullptr);

  // `call` without its header, which stands in the frame.
  // Returns for how many milliseconds nothing more is to be read from the client.
  int64_t dispatch(Call call, Buffer frame, Respond respond) const;
  // What came of the requests so far, by API.
  const ApiCounters& counters() const { return *counters_; }
  // Calls that are not answered yet.
  size_t in_flight() const { return in_flight_.load(std::memory_order_acquire); }

 private:
  std::unordered_map<int16_t, std::unique_ptr<Handler>> handlers_;
  ClientQuotas* const quotas_;
  std::unique_ptr<ApiCounters> counters_;
  mutable std::atomic<size_t> in_flight_{0};
};

}  // namespace millrace::broker
