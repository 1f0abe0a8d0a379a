// modules: base io record commit kafka log broker
// The whole broker over a simulated machine: any bytes on any connections. It neither crashes nor
// hangs; each request of a served API and version that can be decoded has one answer, in order,
// that can be decoded, or its connection ends; what connections hold stays within its bound; what
// was acknowledged is there, and is there again after an orderly stop.

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "base/assert.h"
#include "broker/door_world_test.h"
#include "kafka/messages/api_list.h"
#include "record/batch_builder.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace millrace::broker {
namespace {

constexpr size_t kConnections = 3;
constexpr int64_t kTrafficBytes = 2 << 20;
constexpr int64_t kRequestBytes = 1 << 20;
constexpr const char* kKept = "kept-whatever-comes";

// What the table of an API gives, for each.
struct Shape {
  std::string (*body)(int16_t version);  // of a request with nothing in it
  bool (*is_request)(const std::string& body, int16_t version);
  bool (*is_response)(const std::string& body, int16_t version);
};

std::string joined(const std::vector<Buffer>& parts) {
  std::string text;
  for (const Buffer& part : parts) text += part.view();
  return text;
}

template <class Message>
bool decodes(const std::string& body, int16_t version) {
  return kafka::decode<Message>(Buffer::copy_of(body), version).has_value();
}

const std::map<int16_t, Shape>& shapes() {
  static const std::map<int16_t, Shape> all = {
#define SHAPE(name)                                                                         \
  {kafka::name##Request::kKey,                                                              \
   {[](int16_t version) { return joined(kafka::encode(kafka::name##Request(), version)); }, \
    &decodes<kafka::name##Request>, &decodes<kafka::name##Response>}},
      MILLRACE_KAFKA_APIS(SHAPE)
#undef SHAPE
  };
  return all;
}

// The input, taken from its front; zeros behind its end.
class Input {
 public:
  explicit Input(std::string_view bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }
  uint8_t byte() {
    if (rest_.empty()) return 0;
    const auto first = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return first;
  }
  uint64_t below(uint64_t end) { return byte() % end; }
  std::string text(size_t bytes) {
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(taken.size());
    return std::string(taken);
  }

 private:
  std::string_view rest_;
};

// A connection, and what has to come over it.
struct Peer {
  struct Expected {
    int16_t key = 0;
    int16_t version = 0;
    int32_t correlation = 0;
    bool kept = false;  // an acknowledged record of the kept topic
    std::string value;
  };
  DoorLinkPtr link;
  std::deque<Expected> expected;
  bool ends = false;  // after the answers to what was expected
  bool wild = false;  // nothing is known of what comes
};

class Session {
 public:
  explicit Session(std::string_view bytes)
      : world_(1, {{"group.initial.rebalance.delay.ms", "0"},
                   {"queued.max.request.bytes", std::to_string(kTrafficBytes)},
                   {"socket.request.max.bytes", std::to_string(kRequestBytes)}}),
        input_(bytes) {
    for (const char* name : {"t0", "t1", kKept}) make_topic(name);
  }

  void run() {
    for (Peer& peer : peers_) peer.link = world_.connect();
    for (int steps = 0; !input_.empty() && steps < 64; ++steps) step();
    world_.run_ms(3'000);
    look();
    for (const Peer& peer : peers_) is_answered(peer);
    for (Peer& peer : peers_) world_.close(peer.link);
    world_.run_ms(1'000);
    const auto before = kept_values();
    MILLRACE_ASSERT(!keeps_ || std::ranges::includes(before, acknowledged_));
    world_.end();
    world_.start();
    MILLRACE_ASSERT(kept_values() == before);
  }

 private:
  void make_topic(const char* name) {
    kafka::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = 1;
    topic.replication_factor = 1;
    // Its records are of 1970.
    if (name == std::string_view(kKept)) {
      topic.configs = {{.name = "cleanup.policy", .value = "delete"},
                       {.name = "retention.ms", .value = "-1"}};
    }
    const auto link = world_.connect();
    const auto made = ask_door<kafka::CreateTopicsResponse>(world_, link, request, 5);
    MILLRACE_ASSERT(made && made->topics.at(0).error_code == 0);
    world_.close(link);
  }

  void step() {
    Peer& peer = peers_[input_.below(kConnections)];
    switch (input_.below(16)) {
      case 0:
        return world_.run_ms(static_cast<int64_t>(input_.byte()) * 40);
      case 1:
        world_.close(peer.link);
        peer = {.link = world_.connect()};
        return;
      case 2:
        peer.wild = true;
        return write(peer, input_.text(input_.byte()));
      case 3:
      case 4:
        return send(peer, pick_key(), input_.text(input_.byte()));
      case 5:
      case 6:
      case 7:
      case 8:
        return send_changed(peer);
      case 9:
      case 10:
        return produce(peer);
      case 11:
        return produce_kept(peer);
      default:
        return ask_something(peer);
    }
  }

  int16_t pick_key() {
    auto at = shapes().begin();
    std::advance(at, static_cast<ptrdiff_t>(input_.below(shapes().size())));
    return at->first;
  }
  // A request with nothing in it, but for some bytes.
  void send_changed(Peer& peer) {
    const int16_t key = pick_key();
    const int16_t version = pick_version(key);
    std::string body = shapes().at(key).body(version);
    for (uint64_t left = input_.below(12); left > 0 && !body.empty(); --left) {
      const size_t at = input_.below(body.size());
      const uint8_t what = input_.byte();
      if (what % 3 == 0) body.insert(at, input_.text(input_.below(8)));
      body[at] = static_cast<char>(what);
    }
    send(peer, key, body, version);
  }
  int16_t pick_version(int16_t key) {
    const kafka::Api* api = kafka::find_api(key);
    return static_cast<int16_t>(input_.below(static_cast<uint64_t>(api->versions_max) + 2));
  }

  void send(Peer& peer, int16_t key, const std::string& body) {
    send(peer, key, body, pick_version(key));
  }
  void send(Peer& peer, int16_t key, const std::string& body, int16_t version,
            const std::string& kept = "") {
    const int32_t correlation = ++correlation_;
    const std::string frame = joined(kafka::write_request(
        {.api_key = key, .version = version, .correlation_id = correlation, .client_id = "f"},
        {Buffer::copy_of(body)}));
    if (body.find(kKept) != std::string::npos && kept.empty()) keeps_ = false;
    // Clients above their quota are not read from.
    if (key == kafka::AlterClientQuotasRequest::kKey) quotas_ = true;
    if (!peer.ends && !peer.wild) expect(peer, key, version, correlation, body, kept);
    write(peer, frame);
  }
  void expect(Peer& peer, int16_t key, int16_t version, int32_t correlation,
              const std::string& body, const std::string& kept) {
    const kafka::Api* const api = kafka::find_api(key);
    const bool versions = key == kafka::ApiVersionsRequest::kKey;
    if (versions && version > api->served.last) {
      return peer.expected.push_back({key, 0, correlation, false, {}});
    }
    if (!api->served.contains(version) || !shapes().at(key).is_request(body, version)) {
      peer.ends = true;
      return;
    }
    if (key == kafka::ProduceRequest::kKey) {
      const auto request = kafka::decode<kafka::ProduceRequest>(Buffer::copy_of(body), version);
      // It has no answer, and where it fails its connection ends.
      if (request->acks == 0) {
        peer.wild = true;
        return;
      }
    }
    peer.expected.push_back({key, version, correlation, !kept.empty(), kept});
  }
  void write(Peer& peer, std::string bytes) { world_.send(peer.link, std::move(bytes)); }

  template <class Request>
  void send_request(Peer& peer, const Request& request, int16_t version,
                    const std::string& kept = "") {
    send(peer, Request::kKey, joined(kafka::encode(request, version)), version, kept);
  }
  std::string topic() { return input_.below(2) == 0 ? "t0" : "t1"; }

  Buffer batch(const std::string& value) {
    const uint8_t how = input_.byte();
    record::BatchBuilder builder(
        {.codec = static_cast<record::Codec>(how % record::kCodecCount),
         .producer_id = (how & 0x40) != 0 ? producer_id_ : -1,
         .producer_epoch = static_cast<int16_t>((how & 0x40) != 0 ? 0 : -1),
         .base_sequence = (how & 0x40) != 0 ? static_cast<int32_t>(input_.below(4)) : -1,
         .transactional = (how & 0x80) != 0});
    for (uint64_t left = 1 + input_.below(4); left > 0; --left) {
      (void)builder.append({.timestamp_ms = 1, .key = "k", .value = value});
    }
    return builder.build();
  }
  // Some bytes of the batch are others, with the checksum that belongs to them, or not.
  void produce(Peer& peer) {
    Buffer bytes = batch(input_.text(input_.below(40)));
    const uint8_t how = input_.byte();
    for (int left = how % 4; left > 0; --left) {
      bytes.mutable_data()[input_.below(bytes.bytes())] = std::byte{input_.byte()};
    }
    if ((how & 0x80) == 0) {
      store_be(bytes.mutable_data() + 17, record::batch_crc(bytes.span()));
    }
    kafka::ProduceRequest request;
    request.acks = static_cast<int16_t>(static_cast<int64_t>(input_.below(4)) - 1);
    if ((how & 0x40) != 0) request.transaction_id = "tx";
    auto& to = request.topics.emplace_back();
    to.name = topic();
    to.partitions.emplace_back().records.emplace().push_back(std::move(bytes));
    send_request(peer, request, static_cast<int16_t>(3 + input_.below(10)));
  }
  void produce_kept(Peer& peer) {
    if (peer.ends || peer.wild) return;
    const std::string value = "value " + std::to_string(++values_);
    record::BatchBuilder builder({.codec = static_cast<record::Codec>(values_ % 5)});
    (void)builder.append({.timestamp_ms = 1, .key = std::nullopt, .value = value});
    kafka::ProduceRequest request;
    request.acks = -1;
    auto& to = request.topics.emplace_back();
    to.name = kKept;
    to.partitions.emplace_back().records.emplace().push_back(builder.build());
    send_request(peer, request, 9, value);
  }

  void ask_something(Peer& peer) {
    using Ask = void (Session::*)(Peer&);
    static constexpr Ask kAll[] = {&Session::fetch,
                                   &Session::join,
                                   &Session::sync,
                                   &Session::commit_offset,
                                   &Session::init_producer,
                                   &Session::add_partition,
                                   &Session::end_transaction,
                                   &Session::create_topic,
                                   &Session::delete_topic,
                                   &Session::alter_settings,
                                   &Session::list_offsets,
                                   &Session::delete_records,
                                   &Session::commit_in_transaction};
    (this->*kAll[input_.below(std::size(kAll))])(peer);
  }
  void fetch(Peer& peer) {
    kafka::FetchRequest request;
    request.max_wait_ms = static_cast<int32_t>(input_.byte());
    request.min_bytes = static_cast<int32_t>(input_.below(3));
    request.isolation_level = static_cast<int8_t>(input_.below(2));
    request.session_epoch = static_cast<int32_t>(input_.below(3)) - 1;
    auto& from = request.topics.emplace_back();
    from.name = topic();
    auto& partition = from.partitions.emplace_back();
    partition.fetch_offset = static_cast<int64_t>(input_.below(8));
    partition.partition_max_bytes = static_cast<int32_t>(input_.byte()) * 10;
    send_request(peer, request, static_cast<int16_t>(4 + input_.below(9)));
  }
  void join(Peer& peer) {
    kafka::JoinGroupRequest request;
    request.group = "g";
    request.session_timeout_ms = 6'000;
    request.rebalance_timeout_ms = static_cast<int32_t>(input_.byte()) * 10;
    request.member_id = member_of(peer);
    request.protocol_type = "consumer";
    request.protocols.push_back({.name = "p", .metadata = Buffer::copy_of(input_.text(4))});
    send_request(peer, request, static_cast<int16_t>(input_.below(10)));
  }
  void sync(Peer& peer) {
    kafka::SyncGroupRequest request;
    request.group = "g";
    request.generation = static_cast<int32_t>(input_.below(4));
    request.member_id = member_of(peer);
    request.group_assignment.push_back(
        {.member_id = member_of(peer), .member_assignment = Buffer::copy_of("a")});
    send_request(peer, request, static_cast<int16_t>(input_.below(5)));
  }
  void commit_offset(Peer& peer) {
    kafka::OffsetCommitRequest request;
    request.group = "g";
    request.generation = static_cast<int32_t>(input_.below(4)) - 1;
    request.member_id = input_.below(2) == 0 ? "" : member_of(peer);
    auto& to = request.topics.emplace_back();
    to.name = topic();
    to.partitions.emplace_back().offset = static_cast<int64_t>(input_.below(9));
    send_request(peer, request, static_cast<int16_t>(2 + input_.below(8)));
  }
  void init_producer(Peer& peer) {
    kafka::InitProducerIdRequest request;
    if (input_.below(2) == 0) request.transactional_id = "tx";
    request.transaction_timeout_ms = 1'000 + static_cast<int32_t>(input_.byte()) * 100;
    send_request(peer, request, static_cast<int16_t>(input_.below(6)));
  }
  void add_partition(Peer& peer) {
    kafka::AddPartitionsToTxnRequest request;
    request.transactional_id = "tx";
    request.producer_id = producer_id_;
    request.topics.push_back({.name = topic(), .partitions = {0}});
    send_request(peer, request, static_cast<int16_t>(input_.below(4)));
  }
  void end_transaction(Peer& peer) {
    kafka::EndTxnRequest request;
    request.transactional_id = "tx";
    request.producer_id = producer_id_;
    request.producer_epoch = static_cast<int16_t>(input_.below(3));
    request.commit = input_.below(2) == 0;
    send_request(peer, request, static_cast<int16_t>(input_.below(6)));
  }
  void create_topic(Peer& peer) {
    kafka::CreateTopicsRequest request;
    auto& wanted = request.topics.emplace_back();
    wanted.name = input_.below(2) == 0 ? topic() : input_.text(input_.below(10));
    wanted.num_partitions = static_cast<int32_t>(input_.below(5)) - 1;
    wanted.replication_factor = static_cast<int16_t>(input_.below(4)) - 1;
    wanted.configs.push_back({.name = pick_setting(), .value = input_.text(4)});
    send_request(peer, request, static_cast<int16_t>(input_.below(8)));
  }
  void delete_topic(Peer& peer) {
    kafka::DeleteTopicsRequest request;
    request.topic_names.push_back(topic());
    send_request(peer, request, static_cast<int16_t>(1 + input_.below(5)));
  }
  void alter_settings(Peer& peer) {
    kafka::IncrementalAlterConfigsRequest request;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = static_cast<int8_t>(input_.below(2) == 0 ? 2 : 32);
    resource.resource_name = topic();
    resource.configs.push_back({.name = pick_setting(),
                                .op = static_cast<int8_t>(input_.below(4)),
                                .value = input_.text(input_.below(8))});
    send_request(peer, request, static_cast<int16_t>(input_.below(2)));
  }
  void list_offsets(Peer& peer) {
    kafka::ListOffsetsRequest request;
    auto& of = request.topics.emplace_back();
    of.name = topic();
    of.partitions.emplace_back().timestamp = static_cast<int64_t>(input_.below(12)) - 7;
    send_request(peer, request, static_cast<int16_t>(input_.below(12)));
  }
  void delete_records(Peer& peer) {
    kafka::DeleteRecordsRequest request;
    auto& of = request.topics.emplace_back();
    of.name = topic();
    of.partitions.emplace_back().offset = static_cast<int64_t>(input_.below(6)) - 1;
    send_request(peer, request, static_cast<int16_t>(input_.below(3)));
  }
  void commit_in_transaction(Peer& peer) {
    kafka::TxnOffsetCommitRequest request;
    request.transactional_id = "tx";
    request.group = "g";
    request.producer_id = producer_id_;
    auto& to = request.topics.emplace_back();
    to.name = topic();
    to.partitions.emplace_back().offset = 3;
    send_request(peer, request, static_cast<int16_t>(input_.below(6)));
  }
  std::string member_of(const Peer& peer) {
    const std::string& known = members_[static_cast<size_t>(&peer - peers_)];
    return input_.below(4) == 0 ? "nobody" : known;
  }
  std::string pick_setting() {
    constexpr const char* kNames[] = {"cleanup.policy",    "retention.ms",
                                      "max.message.bytes", "message.timestamp.type",
                                      "segment.bytes",     "nonsense"};
    return kNames[input_.below(std::size(kNames))];
  }

  // What has come so far.
  void look() {
    MILLRACE_ASSERT(!world_.down());
    MILLRACE_ASSERT(world_.broker().traffic_bytes() <= static_cast<size_t>(2 * kTrafficBytes));
    for (Peer& peer : peers_) {
      for (const std::string& frame : std::exchange(peer.link->frames, {})) take(peer, frame);
    }
  }
  void take(Peer& peer, const std::string& frame) {
    if (peer.wild && peer.expected.empty()) return;
    MILLRACE_ASSERT(!peer.expected.empty() && frame.size() >= sizeof(int32_t));
    const Peer::Expected expected = std::move(peer.expected.front());
    peer.expected.pop_front();
    MILLRACE_ASSERT(load_be<int32_t>(frame.data()) == expected.correlation);
    const bool tags = kafka::find_api(expected.key)->flexible(expected.version) &&
                      expected.key != kafka::ApiVersionsRequest::kKey;
    const std::string body = frame.substr(sizeof(int32_t) + (tags ? 1 : 0));
    MILLRACE_ASSERT(shapes().at(expected.key).is_response(body, expected.version));
    if (expected.kept) {
      const auto response =
          *kafka::decode<kafka::ProduceResponse>(Buffer::copy_of(body), expected.version);
      if (response.topics.at(0).partitions.at(0).error_code == 0) {
        acknowledged_.insert(expected.value);
      }
    }
    learn(peer, expected, body);
  }
  // What later requests may name.
  void learn(const Peer& peer, const Peer::Expected& of, const std::string& body) {
    const Buffer bytes = Buffer::copy_of(body);
    if (of.key == kafka::InitProducerIdRequest::kKey) {
      const auto response = *kafka::decode<kafka::InitProducerIdResponse>(bytes, of.version);
      if (response.error_code == 0) producer_id_ = response.producer_id;
    } else if (of.key == kafka::JoinGroupRequest::kKey) {
      const auto response = *kafka::decode<kafka::JoinGroupResponse>(bytes, of.version);
      members_[static_cast<size_t>(&peer - peers_)] = response.member_id;
    }
  }
  // These may take their time.
  static bool may_wait(int16_t key) {
    return key == kafka::FetchRequest::kKey || key == kafka::JoinGroupRequest::kKey ||
           key == kafka::SyncGroupRequest::kKey;
  }
  void is_answered(const Peer& peer) const {
    if (peer.wild || quotas_) return;
    if (peer.expected.empty()) {
      MILLRACE_ASSERT(!peer.ends || peer.link->ended);
      return;
    }
    MILLRACE_ASSERT(!peer.ends || !peer.link->ended);
    MILLRACE_ASSERT(may_wait(peer.expected.front().key));
  }

  std::set<std::string> kept_values() {
    std::set<std::string> values;
    const auto link = world_.connect();
    for (int64_t next = 0;;) {
      kafka::FetchRequest request;
      auto& from = request.topics.emplace_back();
      from.name = kKept;
      auto& partition = from.partitions.emplace_back();
      partition.fetch_offset = next;
      partition.partition_max_bytes = 1 << 20;
      const auto response = ask_door<kafka::FetchResponse>(world_, link, request, 11);
      MILLRACE_ASSERT(response.has_value());
      const DoorRead read = read_partition(*response, next);
      values.insert(read.values.begin(), read.values.end());
      if (read.next == next) break;
      next = read.next;
    }
    world_.close(link);
    return values;
  }

  DoorWorld world_;
  Input input_;
  Peer peers_[kConnections];
  std::string members_[kConnections];
  int64_t producer_id_ = 0;
  int32_t correlation_ = 0;
  int values_ = 0;
  bool keeps_ = true;  // nothing that was sent may touch the kept topic
  bool quotas_ = false;
  std::set<std::string> acknowledged_;
};

}  // namespace
}  // namespace millrace::broker

// Half of the changes put a whole step in, so that it comes to requests of each API soon.
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned seed) {
  constexpr size_t kStepBytes = 12;
  if (seed % 2 == 0 || size + kStepBytes > max_size) return LLVMFuzzerMutate(data, size, max_size);
  const size_t at = size == 0 ? 0 : (seed >> 1) % size;
  std::copy_backward(data + at, data + size, data + size + kStepBytes);
  uint64_t state = seed;
  for (size_t index = 0; index < kStepBytes; ++index) {
    state = state * 6'364'136'223'846'793'005ULL + 1'442'695'040'888'963'407ULL;
    data[at + index] = static_cast<uint8_t>(state >> 56);
  }
  return size + kStepBytes;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::broker::Session({reinterpret_cast<const char*>(data), size}).run();
  return 0;
}
