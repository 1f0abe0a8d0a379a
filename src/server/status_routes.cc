#include "server/status_routes.h"

#include "io/process_usage.h"
#include "server/metrics_text.h"

namespace millrace::server {
namespace {

constexpr double kUsPerSecond = 1e6;

void add_process(MetricsText& text) {
  const io::ProcessUsage usage = io::process_usage();
  text.counter("process_cpu_seconds_total", "User and system time.",
               static_cast<double>(usage.user_us + usage.system_us) / kUsPerSecond);
  text.gauge("millrace_process_resident_bytes_max", "The most that was resident.",
             static_cast<double>(usage.resident_bytes_max));
  text.counter("millrace_process_written_bytes_total", "Bytes written to disks.",
               static_cast<double>(usage.written_bytes));
}

void add_log(MetricsText& text, const node::LogStatus& log) {
  text.gauge("millrace_log_visible_lsn", "Everything before it is durable and visible.",
             static_cast<double>(log.visible.value()));
  text.gauge("millrace_log_ring_bytes", "Size of the write-ahead ring.",
             static_cast<double>(log.ring_bytes));
  text.gauge("millrace_log_unsettled_bytes", "In the ring, not yet in segment files.",
             static_cast<double>(log.unsettled_bytes));
  text.counter("millrace_log_groups_total", "Groups of entries written and synced.",
               static_cast<double>(log.groups_written));
  text.counter("millrace_log_checkpoints_total", "Checkpoints written.",
               static_cast<double>(log.checkpoint_generation));
  text.counter("millrace_log_compactions_total", "Passes over compacted partitions.",
               static_cast<double>(log.compactions));
  text.counter("millrace_log_compaction_read_bytes_total", "What these passes read.",
               static_cast<double>(log.compacted_bytes_read));
  text.counter("millrace_log_compaction_written_bytes_total", "What was left of it.",
               static_cast<double>(log.compacted_bytes_written));
}

void add_topics(MetricsText& text, commit::CommitLog& log) {
  size_t partitions = 0;
  const auto topics = log.topics().list();
  for (const commit::Topic& topic : topics) partitions += topic.partitions;
  text.gauge("millrace_log_topics", "Topics.", static_cast<double>(topics.size()));
  text.gauge("millrace_log_partitions", "Partitions of all topics.",
             static_cast<double>(partitions));
}

}  // namespace

void add_status_routes(http::Router& router, StatusParts parts) {
  router.get("/healthz", [](const http::Request&) { return http::Response{.body = "ok\n"}; });
  router.get("/readyz", [parts](const http::Request&) {
    return parts.ready ? http::Response{.body = "ready\n"}
                       : http::error_response(503, "not every door is open yet");
  });
  router.get("/metrics", [parts](const http::Request&) {
    MetricsText text;
    add_process(text);
    add_log(text, parts.node.log_status());
    add_topics(text, parts.node.log());
    if (parts.broker != nullptr) {
      text.gauge("millrace_broker_connections", "Clients that are connected.",
                 static_cast<double>(parts.broker->connections()));
      text.gauge("millrace_broker_traffic_bytes",
                 "Requests without an answer and answers that were not taken.",
                 static_cast<double>(parts.broker->traffic_bytes()));
      text.gauge("millrace_broker_waiting_connections", "Clients that wait for room in it.",
                 static_cast<double>(parts.broker->waiting_connections()));
      text.counter("millrace_broker_throttled_total", "Answers that told a client to wait.",
                   static_cast<double>(parts.broker->quotas().throttled()));
      text.counter("millrace_broker_throttled_seconds_total", "For how long, together.",
                   static_cast<double>(parts.broker->quotas().throttled_ms()) / 1e3);
    }
    return http::Response{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                          .body = text.take()};
  });
}

}  // namespace millrace::server
