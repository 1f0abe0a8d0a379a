#include "server/log_metrics.h"

#include <string>

#include "io/disk_space.h"
#include "io/process_usage.h"

namespace millrace::server {
namespace {

constexpr double kUsPerSecond = 1e6;
constexpr double kNsPerSecond = 1e9;

template <class Number>
double number(Number value) {
  return static_cast<double>(value);
}

void tell_partitions(MetricsText& text, const TopicStatuses& topics) {
  const auto each = [&](double (*value)(const PartitionStatus&)) {
    for (const auto& [name, topic] : topics) {
      for (size_t index = 0; index < topic.partitions.size(); ++index) {
        text.sample({{"topic", name}, {"partition", std::to_string(index)}},
                    value(topic.partitions[index]));
      }
    }
  };
  text.begin_gauge("millrace_log_partition_start_offset", "The earliest offset that is kept.");
  each([](const PartitionStatus& partition) { return number(partition.start); });
  text.begin_gauge("millrace_log_partition_end_offset", "One behind the last visible record.");
  each([](const PartitionStatus& partition) { return number(partition.end); });
  text.begin_gauge("millrace_log_partition_bytes", "What it takes, in the ring and in files.");
  each([](const PartitionStatus& partition) { return number(partition.bytes); });
}

void tell_reads(MetricsText& text, const node::ReadStatus& reads) {
  const auto each = [&](uint64_t node::GivenBatches::* value) {
    text.sample({{"from", "ring"}}, number(reads.from_ring.*value));
    text.sample({{"from", "files"}}, number(reads.from_files.*value));
    text.sample({{"from", "read_ahead"}}, number(reads.from_ahead.*value));
  };
  text.begin_counter("millrace_log_read_bytes_total",
                     "Given to readers of partitions, by where it was.");
  each(&node::GivenBatches::bytes);
  text.begin_counter("millrace_log_read_batches_total", "The batches that this was.");
  each(&node::GivenBatches::batches);
  text.counter("millrace_log_read_ahead_hits_total",
               "Reads of what is in segment files that found it in memory.",
               number(reads.ahead_hits));
  text.counter("millrace_log_read_ahead_misses_total", "Those that waited for a file.",
               number(reads.ahead_misses));
  text.gauge("millrace_log_read_ahead_bytes", "In memory, for reads that are expected.",
             number(reads.ahead_held_bytes));
  text.counter("millrace_log_segment_read_bytes_total",
               "Read from segment files for readers of partitions, ahead or not.",
               number(reads.file_bytes_read));
}

}  // namespace

void tell_process(MetricsText& text) {
  const io::ProcessUsage usage = io::process_usage();
  text.counter("process_cpu_seconds_total", "User and system time.",
               number(usage.user_us + usage.system_us) / kUsPerSecond);
  text.gauge("process_resident_memory_bytes", "What is resident now.",
             number(usage.resident_bytes));
  text.gauge("millrace_process_resident_bytes_max", "The most that was resident.",
             number(usage.resident_bytes_max));
  text.counter("millrace_process_written_bytes_total", "Bytes written to disks.",
               number(usage.written_bytes));
}

void tell_log(MetricsText& text, const node::LogStatus& log) {
  text.gauge("millrace_log_visible_lsn", "Everything before it is durable and visible.",
             number(log.visible.value()));
  text.gauge("millrace_log_ring_bytes", "Size of the write-ahead ring.", number(log.ring_bytes));
  text.gauge("millrace_log_unsettled_bytes", "In the ring, not yet in segment files.",
             number(log.unsettled_bytes));
  text.gauge("millrace_log_damages", "Bodies that the last start found damaged.",
             number(log.damages));
  text.counter("millrace_log_groups_total", "Groups of entries written and synced.",
               number(log.groups_written));
  text.begin_histogram("millrace_log_group_bytes",
                       "Bytes of these groups: all that was appended, as it stands in the ring.");
  text.sample({}, log.group_bytes, 1);
  text.begin_histogram("millrace_log_sync_seconds", "How long the sync of a group took.");
  text.sample({}, log.sync_ns, kNsPerSecond);
  text.counter("millrace_log_checkpoints_total", "Checkpoints written.",
               number(log.checkpoint_generation));
  text.counter("millrace_log_segment_written_bytes_total",
               "Written to segment files, by settling, merging and compaction together.",
               number(log.segment_bytes_written));
  text.counter("millrace_log_merge_written_bytes_total", "The part of merging in it.",
               number(log.merged_bytes_written));
  text.counter("millrace_log_compactions_total", "Passes over compacted partitions.",
               number(log.compactions));
  text.counter("millrace_log_compaction_read_bytes_total", "What these passes read.",
               number(log.compacted_bytes_read));
  text.counter("millrace_log_compaction_written_bytes_total", "What was left of it.",
               number(log.compacted_bytes_written));
  tell_reads(text, log.reads);
}

void tell_disk(MetricsText& text, const std::string& folder) {
  const auto space = io::disk_space(folder);
  text.begin_gauge("millrace_disk_bytes", "Size of the disk that holds the data directory.");
  if (space) text.sample({}, number(space->bytes));
  text.begin_gauge("millrace_disk_free_bytes", "What of it is free for this process.");
  if (space) text.sample({}, number(space->free_bytes));
}

void tell_topics(MetricsText& text, const TopicStatuses& topics, bool partitions) {
  size_t count = 0;
  for (const auto& [name, topic] : topics) count += topic.partitions.size();
  text.gauge("millrace_log_topics", "Topics.", number(topics.size()));
  text.gauge("millrace_log_partitions", "Partitions of all topics.", number(count));
  const auto each = [&](double (*value)(const TopicStatus&)) {
    for (const auto& [name, topic] : topics) text.sample({{"topic", name}}, value(topic));
  };
  text.begin_gauge("millrace_log_topic_partitions", "Partitions of the topic.");
  each([](const TopicStatus& topic) { return number(topic.partitions.size()); });
  text.begin_counter("millrace_log_topic_offsets_total",
                     "End offsets of its partitions together: records that came in.");
  each([](const TopicStatus& topic) { return number(topic.total().end); });
  text.begin_gauge("millrace_log_topic_records",
                   "Offsets from the first that is kept to the end, of all partitions.");
  each([](const TopicStatus& topic) {
    const PartitionStatus total = topic.total();
    return number(total.end - total.start);
  });
  text.begin_gauge("millrace_log_topic_bytes", "What it takes, in the ring and in files.");
  each([](const TopicStatus& topic) { return number(topic.total().bytes); });
  if (partitions) tell_partitions(text, topics);
}

}  // namespace millrace::server
