#include "server/broker_metrics.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace millrace::server {
namespace {

constexpr double kNsPerSecond = 1e9;
constexpr double kSecondsPerMs = 1e-3;

template <class Number>
double number(Number value) {
  return static_cast<double>(value);
}

void tell_clients(MetricsText& text, const broker::Broker& broker) {
  text.gauge("millrace_broker_connections", "Clients that are connected.",
             number(broker.connections()));
  text.gauge("millrace_broker_traffic_bytes",
             "Requests without an answer and answers that were not taken.",
             number(broker.traffic_bytes()));
  text.gauge("millrace_broker_waiting_connections", "Clients that wait for room in it.",
             number(broker.waiting_connections()));
  text.gauge("millrace_broker_fetch_sessions", "Incremental fetch sessions.",
             number(broker.fetch_sessions()));
  text.counter("millrace_broker_refused_connections_total",
               "Connections above the rate of their address, closed without a word.",
               number(broker.connections_refused()));
  text.counter("millrace_broker_throttled_total", "Answers that told a client to wait.",
               number(broker.quotas().throttled()));
  text.counter("millrace_broker_throttled_seconds_total", "For how long, together.",
               number(broker.quotas().throttled_ms()) * kSecondsPerMs);
  text.counter("millrace_broker_refused_requests_total",
               "Requests that could not be understood, so that their connections ended.",
               number(broker.apis().refused()));
}

void tell_apis(MetricsText& text, const broker::ApiCounters& apis) {
  const std::vector<const broker::ApiCounter*> all = apis.all();
  const auto each = [&](uint64_t (broker::ApiCounter::*value)() const) {
    for (const broker::ApiCounter* api : all) {
      text.sample({{"api", api->name()}}, number((api->*value)()));
    }
  };
  text.begin_counter("millrace_broker_requests_total", "Requests by API.");
  each(&broker::ApiCounter::requests);
  text.begin_counter("millrace_broker_request_bytes_total", "Their bytes.");
  each(&broker::ApiCounter::request_bytes);
  text.begin_counter("millrace_broker_response_bytes_total", "Bytes of their answers.");
  each(&broker::ApiCounter::response_bytes);
  text.begin_counter("millrace_broker_errors_total",
                     "Error codes in answers, each topic, partition or group for itself.");
  for (const broker::ApiCounter* api : all) {
    for (const auto& [error, count] : api->errors()) {
      text.sample({{"api", api->name()}, {"error", kafka::name_of(error)}}, number(count));
    }
  }
  text.begin_histogram("millrace_broker_request_seconds",
                       "From a request that has come whole to its answer on the socket; APIs that "
                       "nobody asked are left out.");
  for (const broker::ApiCounter* api : all) {
    if (api->requests() == 0) continue;
    text.sample({{"api", api->name()}}, api->durations(), kNsPerSecond);
  }
}

// How far a group is behind, by topic.
std::map<std::string, int64_t> lag_of(const broker::GroupStatus& group,
                                      const TopicStatuses& topics) {
  std::map<std::string, int64_t> lags;
  for (const auto& [partition, offset] : group.offsets) {
    const auto& [name, index] = partition;
    const auto topic = topics.find(name);
    if (topic == topics.end()) continue;
    const auto& partitions = topic->second.partitions;
    if (index < 0 || static_cast<size_t>(index) >= partitions.size()) continue;
    const PartitionStatus& status = partitions[static_cast<size_t>(index)];
    lags[name] += std::max<int64_t>(0, status.end - offset);
  }
  return lags;
}

}  // namespace

void tell_broker(MetricsText& text, const broker::Broker& broker) {
  tell_clients(text, broker);
  tell_apis(text, broker.apis());
}

void tell_coordinators(MetricsText& text, const broker::BrokerStatus& status,
                       const TopicStatuses& topics) {
  std::map<std::string_view, size_t> states;
  for (const broker::GroupStatus& group : status.groups) ++states[group.state];
  text.begin_gauge("millrace_broker_groups", "Consumer groups by state.");
  for (const auto& [state, count] : states) text.sample({{"state", state}}, number(count));
  text.begin_gauge("millrace_broker_group_members", "Members of the group.");
  for (const broker::GroupStatus& group : status.groups) {
    text.sample({{"group", group.id}}, number(group.members));
  }
  text.begin_gauge("millrace_broker_group_lag",
                   "Records behind the committed offsets of the group, by topic.");
  for (const broker::GroupStatus& group : status.groups) {
    for (const auto& [topic, lag] : lag_of(group, topics)) {
      text.sample({{"group", group.id}, {"topic", topic}}, number(lag));
    }
  }
  text.gauge("millrace_broker_transactions_open", "Transactions that have begun and not ended.",
             number(status.open_transactions));
  text.gauge("millrace_broker_transaction_oldest_seconds",
             "For how long the oldest of them is open.",
             number(status.oldest_transaction_ms) * kSecondsPerMs);
}

}  // namespace millrace::server
