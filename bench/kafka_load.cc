// kafka_load: loads a Kafka broker through librdkafka, an independent client, and prints one line
// of JSON. bench/kafka.py runs it against Millrace and against Apache Kafka.
//
//   kafka_load MODE BROKERS TOPIC [NAME=VALUE...]
//     produce       count records as fast as they go; all are acknowledged at the end
//     consume       count records from the start of all partitions
//     latency       rate records a second for seconds, on a schedule that does not wait for
//                   answers; the time of a record runs from when it was due (no coordinated
//                   omission)
//     transactions  for seconds: begin, count records, commit
//   count, bytes, rate, seconds, partitions; `client.NAME=VALUE` goes to librdkafka.

#include <fmt/core.h>
#include <librdkafka/rdkafka.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using ClientPtr = std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)>;

[[noreturn]] void fail(std::string_view why) {
  fmt::print(stderr, "kafka_load: {}\n", why);
  std::exit(1);
}

int64_t now_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch())
      .count();
}

double cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& of) {
    return static_cast<double>(of.tv_sec) + static_cast<double>(of.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Load {
  std::string mode;
  std::string brokers;
  std::string topic;
  int64_t count = 1'000'000;
  int64_t bytes = 100;
  int64_t rate = 10'000;
  int64_t seconds = 10;
  int64_t partitions = 1;
  std::map<std::string, std::string> client;
};

Load read_load(int argc, char** argv) {
  if (argc < 4) fail("kafka_load MODE BROKERS TOPIC [NAME=VALUE...]");
  Load load{.mode = argv[1], .brokers = argv[2], .topic = argv[3], .client = {}};
  const std::map<std::string_view, int64_t*> numbers = {{"count", &load.count},
                                                        {"bytes", &load.bytes},
                                                        {"rate", &load.rate},
                                                        {"seconds", &load.seconds},
                                                        {"partitions", &load.partitions}};
  for (int i = 4; i < argc; ++i) {
    const std::string_view text = argv[i];
    const size_t equals = text.find('=');
    if (equals == text.npos) fail(fmt::format("NAME=VALUE was expected, not {}", text));
    const std::string_view name = text.substr(0, equals);
    const std::string value(text.substr(equals + 1));
    if (name.starts_with("client.")) {
      load.client[std::string(name.substr(7))] = value;
    } else if (const auto at = numbers.find(name); at != numbers.end()) {
      *at->second = std::stoll(value);
    } else {
      fail(fmt::format("there is no {}", name));
    }
  }
  return load;
}

// What delivery reports tell. They come on the thread that polls.
struct Deliveries {
  int64_t done = 0;
  int64_t failed = 0;
  std::string error;
  bool timed = false;
  std::vector<int64_t> latencies_us;
};

void take_report(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& deliveries = *static_cast<Deliveries*>(opaque);
  ++deliveries.done;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++deliveries.failed;
    deliveries.error = rd_kafka_err2str(message->err);
  } else if (deliveries.timed) {
    deliveries.latencies_us.push_back(now_us() - reinterpret_cast<int64_t>(message->_private));
  }
}

void set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  char why[256];
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), why, sizeof why) != RD_KAFKA_CONF_OK) {
    fail(why);
  }
}

ClientPtr make_client(rd_kafka_type_t type, const Load& load, Deliveries* deliveries,
                      const std::map<std::string, std::string>& defaults) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", load.brokers);
  for (const auto& [name, value] : defaults) set(conf, name, value);
  for (const auto& [name, value] : load.client) set(conf, name, value);
  if (type == RD_KAFKA_PRODUCER) {
    rd_kafka_conf_set_dr_msg_cb(conf, take_report);
    rd_kafka_conf_set_opaque(conf, deliveries);
  }
  char why[256];
  rd_kafka_t* made = rd_kafka_new(type, conf, why, sizeof why);
  if (made == nullptr) fail(why);
  return {made, &rd_kafka_destroy};
}

ClientPtr make_producer(const Load& load, Deliveries& deliveries) {
  return make_client(RD_KAFKA_PRODUCER, load, &deliveries,
                     {{"acks", "all"},
                      {"queue.buffering.max.messages", "1000000"},
                      {"queue.buffering.max.kbytes", "524288"}});
}

std::string make_payload(int64_t bytes) {
  std::mt19937_64 random(7);  // NOLINT: the same bytes each time
  std::string payload(static_cast<size_t>(bytes), ' ');
  for (char& c : payload) c = static_cast<char>('!' + random() % 90);
  return payload;
}

void produce_one(rd_kafka_t* client, const Load& load, std::string& payload, int64_t tag) {
  while (true) {
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        client, RD_KAFKA_V_TOPIC(load.topic.c_str()), RD_KAFKA_V_PARTITION(RD_KAFKA_PARTITION_UA),
        RD_KAFKA_V_VALUE(payload.data(), payload.size()), RD_KAFKA_V_MSGFLAGS(0),
        RD_KAFKA_V_OPAQUE(reinterpret_cast<void*>(tag)), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail(rd_kafka_err2str(error));
    rd_kafka_poll(client, 10);
  }
}

void finish(rd_kafka_t* client, const Deliveries& deliveries, int64_t expected) {
  const rd_kafka_resp_err_t error = rd_kafka_flush(client, 120'000);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(error));
  if (deliveries.failed > 0 || deliveries.done != expected) {
    fail(fmt::format("{} of {} records failed: {}", deliveries.failed, expected, deliveries.error));
  }
}

void print(const Load& load, int64_t records, int64_t started_us, double started_cpu_s,
           std::string_view more = "") {
  const double wall_s = static_cast<double>(now_us() - started_us) / 1e6;
  fmt::print(R"({{"mode":"{}","records":{},"bytes":{},"wall_s":{:.3f},"records_per_s":{:.0f},)"
             R"("mb_per_s":{:.1f},"client_cpu_s":{:.3f}{}}})"
             "\n",
             load.mode, records, load.bytes, wall_s, static_cast<double>(records) / wall_s,
             static_cast<double>(records * load.bytes) / 1e6 / wall_s, cpu_s() - started_cpu_s,
             more);
}

void produce(const Load& load) {
  Deliveries deliveries;
  const ClientPtr client = make_producer(load, deliveries);
  std::string payload = make_payload(load.bytes);
  // The first record waits for the connection.
  produce_one(client.get(), load, payload, 0);
  finish(client.get(), deliveries, 1);
  rd_kafka_topic_t* topic = rd_kafka_topic_new(client.get(), load.topic.c_str(), nullptr);
  const double cpu = cpu_s();
  const int64_t started = now_us();
  for (int64_t i = 0; i < load.count; ++i) {
    // Runs of records go to one partition, as a sticky partitioner has it.
    const auto partition = static_cast<int32_t>((i >> 12) % load.partitions);
    while (rd_kafka_produce(topic, partition, 0, payload.data(), payload.size(), nullptr, 0,
                            nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        fail(rd_kafka_err2str(rd_kafka_last_error()));
      }
      rd_kafka_poll(client.get(), 10);
    }
    if (i % 512 == 0) rd_kafka_poll(client.get(), 0);
  }
  finish(client.get(), deliveries, load.count + 1);
  print(load, load.count, started, cpu);
  rd_kafka_topic_destroy(topic);
}

void consume(const Load& load) {
  const ClientPtr client = make_client(RD_KAFKA_CONSUMER, load, nullptr,
                                       {{"group.id", "kafka_load"},
                                        {"enable.auto.commit", "false"},
                                        {"queued.max.messages.kbytes", "65536"},
                                        {"fetch.message.max.bytes", "4194304"}});
  const std::unique_ptr<rd_kafka_topic_partition_list_t,
                        decltype(&rd_kafka_topic_partition_list_destroy)>
      list(rd_kafka_topic_partition_list_new(1), &rd_kafka_topic_partition_list_destroy);
  for (int32_t p = 0; p < load.partitions; ++p) {
    rd_kafka_topic_partition_list_add(list.get(), load.topic.c_str(), p)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  rd_kafka_assign(client.get(), list.get());
  const std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)> queue(
      rd_kafka_queue_get_consumer(client.get()), &rd_kafka_queue_destroy);
  std::vector<rd_kafka_message_t*> messages(10'000);
  int64_t seen = 0;
  int64_t started = 0;
  double cpu = 0;
  while (seen < load.count) {
    const ssize_t got =
        rd_kafka_consume_batch_queue(queue.get(), 10'000, messages.data(), messages.size());
    if (got <= 0) fail(fmt::format("nothing came for 10 s after {} records", seen));
    if (started == 0) {
      started = now_us();
      cpu = cpu_s();
    }
    for (ssize_t i = 0; i < got; ++i) {
      if (messages[i]->err != RD_KAFKA_RESP_ERR_NO_ERROR) fail(rd_kafka_err2str(messages[i]->err));
      rd_kafka_message_destroy(messages[i]);
    }
    seen += got;
  }
  print(load, seen, started, cpu);
}

std::string quantiles(std::vector<int64_t>& of_us) {
  if (of_us.empty()) return "";
  std::ranges::sort(of_us);
  const auto ms = [&](double share) {
    const auto at = static_cast<size_t>(share * static_cast<double>(of_us.size() - 1));
    return static_cast<double>(of_us[at]) / 1e3;
  };
  return fmt::format(
      R"(,"latency_ms":{{"p50":{:.2f},"p90":{:.2f},"p99":{:.2f},"p999":{:.2f},"max":{:.2f}}})",
      ms(0.5), ms(0.9), ms(0.99), ms(0.999), ms(1));
}

// Sleeps: who spins takes a core from the broker and from the client's own threads.
void wait_until(int64_t due_us) {
  const auto due = Clock::time_point(std::chrono::microseconds(due_us));
  if (Clock::now() < due) std::this_thread::sleep_until(due);
}

void latency(const Load& load) {
  prctl(PR_SET_TIMERSLACK, 1);
  Deliveries deliveries;
  const ClientPtr client = make_producer(load, deliveries);
  std::string payload = make_payload(load.bytes);
  const int64_t warm_up = load.rate;  // the first second does not count
  const int64_t count = load.rate * (load.seconds + 1);
  deliveries.latencies_us.reserve(static_cast<size_t>(count));
  produce_one(client.get(), load, payload, 0);
  finish(client.get(), deliveries, 1);
  deliveries.timed = true;
  const double cpu = cpu_s();
  const int64_t started = now_us();
  for (int64_t i = 0; i < count; ++i) {
    const int64_t due = started + i * 1'000'000 / load.rate;
    wait_until(due);
    produce_one(client.get(), load, payload, due);
    rd_kafka_poll(client.get(), 0);
  }
  finish(client.get(), deliveries, count + 1);
  auto& all = deliveries.latencies_us;
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(warm_up));
  print(load, count, started, cpu, quantiles(all));
}

void check(rd_kafka_error_t* error) {
  if (error != nullptr) fail(rd_kafka_error_string(error));
}

void transactions(Load load) {
  load.client.emplace("transactional.id", "kafka_load");
  Deliveries deliveries;
  const ClientPtr client = make_producer(load, deliveries);
  std::string payload = make_payload(load.bytes);
  check(rd_kafka_init_transactions(client.get(), 30'000));
  std::vector<int64_t> times_us;
  const auto transact = [&] {
    const int64_t began = now_us();
    check(rd_kafka_begin_transaction(client.get()));
    for (int64_t i = 0; i < load.count; ++i) produce_one(client.get(), load, payload, 0);
    check(rd_kafka_commit_transaction(client.get(), 30'000));
    times_us.push_back(now_us() - began);
  };
  for (int i = 0; i < 5; ++i) transact();
  times_us.clear();
  const double cpu = cpu_s();
  const int64_t started = now_us();
  while (now_us() - started < load.seconds * 1'000'000) transact();
  const auto made = static_cast<int64_t>(times_us.size());
  const double wall_s = static_cast<double>(now_us() - started) / 1e6;
  print(load, made * load.count, started, cpu,
        fmt::format(R"(,"transactions_per_s":{:.0f}{})", static_cast<double>(made) / wall_s,
                    quantiles(times_us)));
}

}  // namespace

int main(int argc, char** argv) {
  const Load load = read_load(argc, argv);
  if (load.mode == "produce") {
    produce(load);
  } else if (load.mode == "consume") {
    consume(load);
  } else if (load.mode == "latency") {
    latency(load);
  } else if (load.mode == "transactions") {
    transactions(load);
  } else {
    fail(fmt::format("there is no mode {}", load.mode));
  }
}
