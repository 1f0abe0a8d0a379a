#include <benchmark/benchmark.h>

#include "broker/metrics/answer_errors.h"
#include "broker/metrics/api_counters.h"
#include "kafka/messages/produce.h"

namespace millrace::broker {
namespace {

ApiCounter& shared() {
  static ApiCounter counter("Produce");
  return counter;
}

// All that counting adds to one request, but for two looks at the clock.
void count_requests(benchmark::State& state) {
  kafka::ProduceResponse response;
  response.topics.resize(1);
  response.topics[0].partitions.resize(static_cast<size_t>(state.range(0)));
  int64_t ns = 0;
  for (auto _ : state) {
    shared().begin(1'000);
    for_each_error(response, [](int16_t code) { shared().count_error(code); });
    shared().end(100, ns += 10'000);
  }
}
BENCHMARK(count_requests)->Arg(1)->Arg(100);
BENCHMARK(count_requests)->Arg(1)->Threads(2)->UseRealTime();

}  // namespace
}  // namespace millrace::broker
