#include "server/status_routes.h"

#include <memory>
#include <optional>
#include <utility>

#include "server/broker_metrics.h"
#include "server/log_metrics.h"
#include "server/metrics_text.h"
#include "server/topic_status.h"

namespace millrace::server {
namespace {

constexpr std::string_view kByPartition = "partitions=true";

void tell_memory(MetricsText& text, const StatusParts& parts) {
  text.begin_gauge("millrace_memory_bytes", "What is accounted for, by who holds it.");
  text.sample({{"owner", "connections"}}, static_cast<double>(parts.received.bytes()));
  text.sample({{"owner", "jobs"}}, static_cast<double>(parts.node.memory().bytes()));
}

http::Response metrics(const StatusParts& parts, const TopicStatuses& topics,
                       const broker::BrokerStatus* status, bool partitions) {
  MetricsText text;
  tell_process(text);
  tell_memory(text, parts);
  tell_disk(text, parts.data_folder);
  tell_log(text, parts.node.log_status());
  tell_topics(text, topics, partitions);
  if (status != nullptr) {
    tell_broker(text, *parts.broker);
    tell_coordinators(text, *status, topics);
  }
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = text.take()};
}

// Offsets of groups before the ends of the partitions: so no lag is told that never was.
void answer_metrics(const StatusParts& parts, const http::Request& request, io::Executor& executor,
                    io::Completion<http::Response> done) {
  const bool partitions = request.query == kByPartition;
  parts.scrapes.fetch_add(1);
  const std::shared_ptr<void> scrape(nullptr,
                                     [&scrapes = parts.scrapes](void*) { scrapes.fetch_sub(1); });
  const auto with_topics = [parts, partitions, scrape, &executor](
                               std::optional<broker::BrokerStatus> status, auto answered) {
    read_topics(parts.node.log(), executor,
                [parts, partitions, scrape, status = std::move(status),
                 answered = std::move(answered)](TopicStatuses topics) mutable {
                  answered(metrics(parts, topics, status ? &*status : nullptr, partitions));
                });
  };
  if (parts.broker == nullptr) return with_topics(std::nullopt, std::move(done));
  parts.broker->status(executor, [with_topics, done = std::move(done)](auto status) mutable {
    with_topics(std::move(status), std::move(done));
  });
}

}  // namespace

void add_status_routes(http::Router& router, StatusParts parts) {
  router.get("/healthz", [](const http::Request&) { return http::Response{.body = "ok\n"}; });
  router.get("/readyz", [parts](const http::Request&) {
    return parts.ready ? http::Response{.body = "ready\n"}
                       : http::error_response(503, "not every door is open yet");
  });
  router.get_later("/metrics", [parts](const http::Request& request, io::Executor& executor,
                                       io::Completion<http::Response> done) {
    answer_metrics(parts, request, executor, std::move(done));
  });
}

}  // namespace millrace::server
