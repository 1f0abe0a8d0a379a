#include "server/metrics_text.h"

#include <gtest/gtest.h>

#include <cctype>
#include <map>
#include <sstream>
#include <string>
#include <string_view>

#include "server/broker_metrics.h"
#include "server/log_metrics.h"

namespace millrace::server {
namespace {

// A scrape, read back as Prometheus reads it.
struct Scraped {
  std::map<std::string, std::string> types;
  std::map<std::string, double> samples;  // by name and labels as they stand
};

// Takes what stands at the beginning of a line off it; false: something else stands there.
bool take(std::string_view& line, std::string_view text) {
  if (!line.starts_with(text)) return false;
  line.remove_prefix(text.size());
  return true;
}

std::string take_name(std::string_view& line) {
  size_t end = 0;
  while (end < line.size() && (std::isalnum(line[end]) != 0 || line[end] == '_')) ++end;
  EXPECT_GT(end, 0U) << line;
  std::string name(line.substr(0, end));
  line.remove_prefix(end);
  return name;
}

// A quoted value of a label, up to its closing quote.
void skip_value(std::string_view& line) {
  ASSERT_TRUE(take(line, "\""));
  while (!line.empty() && line.front() != '"') {
    if (take(line, "\\")) {
      EXPECT_NE(std::string_view("\\\"n").find(line.front()), std::string::npos);
    }
    line.remove_prefix(1);
  }
  ASSERT_TRUE(take(line, "\""));
}

std::string family_of(const std::string& name, const Scraped& scraped) {
  if (scraped.types.contains(name)) return name;
  for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(suffix)) continue;
    const std::string family = name.substr(0, name.size() - suffix.size());
    const auto found = scraped.types.find(family);
    if (found != scraped.types.end() && found->second == "histogram") return family;
  }
  return "";
}

void read_sample(std::string_view line, const std::string& family, Scraped& scraped) {
  const std::string_view whole = line;
  EXPECT_EQ(family_of(take_name(line), scraped), family) << whole;
  if (take(line, "{")) {
    do {
      take_name(line);
      ASSERT_TRUE(take(line, "=")) << whole;
      skip_value(line);
    } while (take(line, ","));
    ASSERT_TRUE(take(line, "}")) << whole;
  }
  const std::string key(whole.substr(0, whole.size() - line.size()));
  ASSERT_TRUE(take(line, " ")) << whole;
  size_t read = 0;
  EXPECT_TRUE(scraped.samples.emplace(key, std::stod(std::string(line), &read)).second) << whole;
  EXPECT_EQ(read, line.size()) << whole;
}

Scraped scrape(const std::string& text) {
  EXPECT_TRUE(text.ends_with("\n"));
  Scraped scraped;
  std::istringstream lines(text);
  std::string helped;
  std::string family;
  for (std::string whole; std::getline(lines, whole);) {
    std::string_view line = whole;
    if (take(line, "# HELP ")) {
      helped = take_name(line);
      EXPECT_GT(line.size(), 1U) << whole;
    } else if (take(line, "# TYPE ")) {
      family = take_name(line);
      EXPECT_EQ(family, helped);
      EXPECT_TRUE(line == " counter" || line == " gauge" || line == " histogram") << whole;
      EXPECT_EQ(family.ends_with("_total"), line == " counter") << whole;
      EXPECT_TRUE(scraped.types.emplace(family, line.substr(1)).second) << whole;
    } else {
      read_sample(line, family, scraped);
    }
  }
  return scraped;
}

TEST(MetricsText, IsReadBackWhole) {
  MetricsText text;
  text.counter("a_total", "Counts.\nIn \\ two lines.", 3);
  text.gauge("b", "Is.", -1.5);
  text.begin_gauge("c", "By name.");
  text.sample({{"topic", "a \"b\" \\ \n c"}, {"partition", "0"}}, 1e18);
  text.sample({{"topic", "x"}, {"partition", "1"}}, 0);
  text.begin_counter("nothing_total", "Has no samples.");
  const std::string told = text.take();
  EXPECT_NE(told.find("# HELP a_total Counts.\\nIn \\\\ two lines.\n"), std::string::npos);
  const Scraped scraped = scrape(told);
  EXPECT_EQ(scraped.types.size(), 4U);
  EXPECT_EQ(scraped.samples.at("a_total"), 3);
  EXPECT_EQ(scraped.samples.at("b"), -1.5);
  EXPECT_EQ(scraped.samples.at(R"(c{topic="a \"b\" \\ \n c",partition="0"})"), 1e18);
  EXPECT_EQ(scraped.samples.at(R"(c{topic="x",partition="1"})"), 0);
}

TEST(MetricsText, AHistogramCountsUpToEachBoundInItsUnit) {
  Histogram histogram(kDurationBoundsNs);
  for (const int64_t ns : {40'000, 60'000, 250'000, 2'000'000}) histogram.add(ns);
  histogram.add(20'000'000'000);
  MetricsText text;
  text.begin_histogram("d_seconds", "How long.");
  text.sample({{"api", "Fetch"}}, histogram.counts(), 1e9);
  const Scraped scraped = scrape(text.take());
  const auto bucket = [&](const std::string& bound) {
    return scraped.samples.at(R"(d_seconds_bucket{api="Fetch",le=")" + bound + "\"}");
  };
  EXPECT_EQ(bucket("5e-05"), 1);
  EXPECT_EQ(bucket("0.0001"), 2);
  EXPECT_EQ(bucket("0.00025"), 3);
  EXPECT_EQ(bucket("0.0025"), 4);
  EXPECT_EQ(bucket("10"), 4);
  EXPECT_EQ(bucket("+Inf"), 5);
  EXPECT_EQ(scraped.samples.at(R"(d_seconds_count{api="Fetch"})"), 5);
  EXPECT_NEAR(scraped.samples.at(R"(d_seconds_sum{api="Fetch"})"), 20.00235, 1e-9);
  double before = 0;
  for (const int64_t bound : kDurationBoundsNs) {
    // The bounds are written as they were meant, not with the rounding of their product.
    std::ostringstream written;
    written << static_cast<double>(bound) / 1e9;
    EXPECT_GE(bucket(written.str()), before);
    before = bucket(written.str());
  }
}

TEST(Metrics, OfTopicsAndGroupsAreReadBack) {
  TopicStatuses topics;
  topics["t"].partitions = {{.start = 10, .end = 30, .bytes = 5}, {.end = 7, .bytes = 6}};
  topics["empty"].partitions.resize(1);
  broker::BrokerStatus status{.open_transactions = 2, .oldest_transaction_ms = 1'500};
  // One is ahead of what is there, one is of a topic that is gone, one of no partition.
  status.groups = {{.id = "a \"group\"",
                    .state = "Stable",
                    .members = 2,
                    .offsets = {{{"t", 0}, 25}, {{"t", 1}, 9}, {{"t", 2}, 0}, {{"gone", 0}, 0}}},
                   {.id = "b", .state = "Empty"}};
  MetricsText text;
  tell_topics(text, topics, true);
  tell_coordinators(text, status, topics);
  const Scraped scraped = scrape(text.take());
  const auto& samples = scraped.samples;
  EXPECT_EQ(samples.at("millrace_log_partitions"), 3);
  EXPECT_EQ(samples.at(R"(millrace_log_topic_offsets_total{topic="t"})"), 37);
  EXPECT_EQ(samples.at(R"(millrace_log_topic_records{topic="t"})"), 27);
  EXPECT_EQ(samples.at(R"(millrace_log_topic_bytes{topic="t"})"), 11);
  EXPECT_EQ(samples.at(R"(millrace_log_topic_records{topic="empty"})"), 0);
  EXPECT_EQ(samples.at(R"(millrace_log_partition_start_offset{topic="t",partition="0"})"), 10);
  EXPECT_EQ(samples.at(R"(millrace_broker_group_lag{group="a \"group\"",topic="t"})"), 5);
  EXPECT_EQ(samples.at(R"(millrace_broker_group_members{group="b"})"), 0);
  EXPECT_EQ(samples.at(R"(millrace_broker_groups{state="Stable"})"), 1);
  EXPECT_EQ(samples.at("millrace_broker_transactions_open"), 2);
  EXPECT_EQ(samples.at("millrace_broker_transaction_oldest_seconds"), 1.5);
}

TEST(Metrics, OfTheLogAndTheProcessAreReadBack) {
  Histogram group_bytes(kSizeBoundsBytes);
  Histogram sync_ns(kDurationBoundsNs);
  group_bytes.add(5'000);
  sync_ns.add(3'000'000);
  MetricsText text;
  tell_process(text);
  tell_log(text, {.groups_written = 1,
                  .group_bytes = group_bytes.counts(),
                  .sync_ns = sync_ns.counts(),
                  .damages = 0,
                  .reads = {.from_ring = {.batches = 1, .bytes = 10},
                            .from_files = {.batches = 2, .bytes = 20},
                            .from_ahead = {.batches = 3, .bytes = 30},
                            .ahead_hits = 4,
                            .ahead_misses = 5,
                            .ahead_held_bytes = 6,
                            .file_bytes_read = 7}});
  const Scraped scraped = scrape(text.take());
  EXPECT_GT(scraped.samples.at("process_resident_memory_bytes"), 0);
  EXPECT_EQ(scraped.samples.at("millrace_log_group_bytes_sum"), 5'000);
  EXPECT_EQ(scraped.samples.at("millrace_log_sync_seconds_sum"), 0.003);
  EXPECT_EQ(scraped.samples.at(R"(millrace_log_group_bytes_bucket{le="4096"})"), 0);
  EXPECT_EQ(scraped.samples.at(R"(millrace_log_group_bytes_bucket{le="16384"})"), 1);
  EXPECT_EQ(scraped.samples.at(R"(millrace_log_read_bytes_total{from="ring"})"), 10);
  EXPECT_EQ(scraped.samples.at(R"(millrace_log_read_bytes_total{from="files"})"), 20);
  EXPECT_EQ(scraped.samples.at(R"(millrace_log_read_batches_total{from="read_ahead"})"), 3);
  EXPECT_EQ(scraped.samples.at("millrace_log_read_ahead_hits_total"), 4);
  EXPECT_EQ(scraped.samples.at("millrace_log_read_ahead_misses_total"), 5);
  EXPECT_EQ(scraped.samples.at("millrace_log_read_ahead_bytes"), 6);
  EXPECT_EQ(scraped.samples.at("millrace_log_segment_read_bytes_total"), 7);
}

}  // namespace
}  // namespace millrace::server
