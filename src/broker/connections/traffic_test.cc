#include "broker/connections/traffic.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/endian.h"
#include "broker/kafka_door.h"
#include "io/await.h"
#include "io/simulated_world.h"

namespace millrace::broker {
namespace {

constexpr int16_t kProduceKey = 0;
constexpr int16_t kFetchKey = 1;
constexpr int16_t kHeartbeatKey = 12;

// Answers with `answer_bytes`, or keeps the request until it is told to.
class Servant final : public Handler {
 public:
  explicit Servant(int16_t key, size_t answer_bytes) : key_(key), answer_bytes_(answer_bytes) {}
  int16_t key() const override { return key_; }
  void handle_body(Call, Buffer body, Respond respond) override {
    ++taken;
    taken_bytes += body.bytes();
    if (keeps) return kept.push_back(std::move(respond));
    reply(std::move(respond));
  }
  void reply(Respond respond) {
    Answer answer = std::vector<Buffer>{Buffer::allocate(answer_bytes_)};
    answer.throttle_ms = throttle_ms;
    respond(std::move(answer));
  }
  size_t taken = 0;
  size_t taken_bytes = 0;
  bool keeps = false;
  int64_t throttle_ms = 0;
  std::vector<Respond> kept;

 private:
  const int16_t key_;
  const size_t answer_bytes_;
};

std::string request(int16_t key, int16_t version, size_t body_bytes) {
  std::string frame(14 + body_bytes, '\0');
  store_be<int32_t>(frame.data(), static_cast<int32_t>(frame.size() - 4));
  store_be<int16_t>(frame.data() + 4, key);
  store_be<int16_t>(frame.data() + 6, version);
  store_be<int16_t>(frame.data() + 12, -1);
  return frame;
}

// A door with servants, and clients of it, in one simulated world.
class Doors : public ::testing::Test {
 protected:
  struct Client {
    io::StreamPtr stream;
    std::vector<std::byte> block = std::vector<std::byte>(64 << 10);
    size_t received = 0;
    bool reads = true;
    bool ended = false;
    bool lost = false;  // it ended with an error
  };

  void open(DoorOptions options, size_t traffic_bytes = 1 << 20) {
    std::vector<std::unique_ptr<Handler>> handlers;
    const auto add = [&](int16_t key, size_t bytes) {
      auto servant = std::make_unique<Servant>(key, bytes);
      Servant* const raw = servant.get();
      handlers.push_back(std::move(servant));
      return raw;
    };
    produce_ = add(kProduceKey, 20);
    fetch_ = add(kFetchKey, 300'000);
    heartbeat_ = add(kHeartbeatKey, 10);
    dispatcher_ = std::make_unique<Dispatcher>(std::move(handlers));
    traffic_ = std::make_shared<Traffic>(traffic_bytes);
    options.listen = {"127.0.0.1", 9092};
    auto door = KafkaDoor::open(
        {.dispatcher = *dispatcher_,
         .network = world_.network(),
         .loops = {server_loop_.get()},
         .traffic = traffic_,
         .on_problem = [this](const std::string&,
                              const Error& why) { problems_.push_back(why.code()); }},
        std::move(options));
    ASSERT_TRUE(door.has_value());
    door_ = *std::move(door);
  }
  void TearDown() override {
    run([&] { clients_.clear(); });
    door_.reset();
    wait(io::kNsPerSecond);
    EXPECT_EQ(traffic_->bytes(), 0U);
  }

  Client& connect() {
    auto stream = io::await<io::StreamPtr>(world_.threads(), [&](auto done) {
      world_.network().connect({"127.0.0.1", 9092}, *client_loop_, std::move(done));
    });
    EXPECT_TRUE(stream.has_value());
    Client& client = *clients_.emplace_back(std::make_unique<Client>());
    client.stream = *std::move(stream);
    run([&] { read(client); });
    return client;
  }
  static void read(Client& client) {
    client.stream->read(client.block, [&client](Result<size_t> got) {
      if (!got || *got == 0) {
        client.ended = true;
        client.lost = !got;
        return;
      }
      client.received += *got;
      if (client.reads) read(client);
    });
  }
  void send(Client& client, std::string bytes) {
    run([&] { client.stream->write({Buffer::copy_of(bytes)}, [](const Result<void>&) {}); });
  }
  // Reads what has come meanwhile, and goes on.
  void read_on(Client& client) {
    client.reads = true;
    run([&] { read(client); });
  }
  void run(std::function<void()> act) {
    io::Notification done;
    client_loop_->post([&] {
      act();
      done.set();
    });
    world_.threads().wait(done);
  }
  void wait(int64_t ns) {
    io::Notification done;
    client_loop_->post_at(client_loop_->now() + ns, [&] { done.set(); });
    world_.threads().wait(done);
  }

  io::SimulatedWorld world_{{.seed = 5}};
  std::shared_ptr<Traffic> traffic_;
  std::unique_ptr<io::Loop> server_loop_ = world_.network().start_loop({.name = "server"});
  std::unique_ptr<io::Loop> client_loop_ = world_.network().start_loop({.name = "client"});
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<KafkaDoor> door_;
  Servant* produce_ = nullptr;
  Servant* fetch_ = nullptr;
  Servant* heartbeat_ = nullptr;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<ErrorCode> problems_;
};

TEST_F(Doors, LargeRequestsThatComeHalfTakeTurnsAndAllAreServed) {
  open({}, 1 << 20);
  constexpr size_t kClients = 40;
  constexpr size_t kBody = 400'000;
  const std::string frame = request(kProduceKey, 9, kBody);
  for (size_t i = 0; i < kClients; ++i) send(connect(), frame.substr(0, frame.size() / 2));
  wait(io::kNsPerSecond);
  // The bound, and at most one request above a half of it.
  EXPECT_LE(traffic_->bytes(), (1U << 20) + frame.size());
  EXPECT_GT(traffic_->waiting(), 0U);
  EXPECT_EQ(produce_->taken, 0U);
  // The others wait for room; small requests do not.
  send(connect(), request(kHeartbeatKey, 0, 20));
  wait(io::kNsPerSecond);
  EXPECT_EQ(clients_.back()->received, 10U);
  for (size_t i = 0; i < kClients; ++i) send(*clients_[i], frame.substr(frame.size() / 2));
  wait(10 * io::kNsPerSecond);
  EXPECT_EQ(produce_->taken, kClients);
  EXPECT_EQ(traffic_->bytes(), 0U);
  EXPECT_EQ(traffic_->waiting(), 0U);
}

TEST_F(Doors, WhoNeverSendsTheRestOfALargeRequestGivesItsRoomBack) {
  open({}, 1 << 20);
  const std::string frame = request(kProduceKey, 9, 900'000);
  Client& dead = connect();
  send(dead, frame.substr(0, 1'000));
  Client& other_dead = connect();
  send(other_dead, frame.substr(0, 1'000));
  wait(io::kNsPerSecond);
  Client& good = connect();
  send(good, frame);
  wait(io::kNsPerSecond);
  wait(400 * io::kNsPerSecond);
  EXPECT_TRUE(dead.ended);
  EXPECT_TRUE(other_dead.ended);
  EXPECT_FALSE(good.ended);
  EXPECT_EQ(produce_->taken, 1U);
}

TEST_F(Doors, WhoNeverTakesItsAnswersIsBoundedAndDisconnected) {
  open({}, 1 << 20);
  constexpr size_t kClients = 20;
  for (size_t i = 0; i < kClients; ++i) {
    Client& client = connect();
    client.reads = false;
    for (int j = 0; j < 10; ++j) send(client, request(kFetchKey, 12, 50));
  }
  wait(io::kNsPerSecond);
  // Two hundred answers of 300,000 bytes were asked for.
  EXPECT_LE(traffic_->bytes(), (1U << 20) + 20 * 300'000U);
  Client& good = connect();
  send(good, request(kHeartbeatKey, 0, 20));
  wait(io::kNsPerSecond);
  EXPECT_EQ(good.received, 10U);
  send(good, request(kFetchKey, 12, 50));
  wait(3'000 * io::kNsPerSecond);
  EXPECT_GE(good.received, 300'010U);
  EXPECT_EQ(door_->connections(), 0U);  // the good one has been idle since
}

TEST_F(Doors, ThousandsOfClientsAreServedAndTheSilentOnesGoAfterTheirTime) {
  open({.limits = {.idle_ns_max = 60 * io::kNsPerSecond}}, 1 << 20);
  constexpr size_t kClients = 3'000;
  for (size_t i = 0; i < kClients; ++i) {
    Client& client = connect();
    if (i % 3 == 0) send(client, request(kHeartbeatKey, 0, 20));
    if (i % 3 == 1) send(client, std::string("\0\0", 2));  // half a length, for ever
  }
  wait(io::kNsPerSecond);
  EXPECT_EQ(door_->connections(), kClients);
  wait(10 * io::kNsPerSecond);
  EXPECT_EQ(heartbeat_->taken, kClients / 3);
  wait(60 * io::kNsPerSecond);
  EXPECT_EQ(door_->connections(), 0U);
}

TEST_F(Doors, ConnectionsAreCountedInAllAndByHost) {
  open({.connections_max = 5, .connections_per_host_max = 3});
  for (int i = 0; i < 4; ++i) connect();
  wait(io::kNsPerSecond);
  EXPECT_EQ(door_->connections(), 3U);
  EXPECT_TRUE(clients_[3]->ended);
  run([&] { clients_[0]->stream->close(); });
  wait(io::kNsPerSecond);
  connect();
  wait(io::kNsPerSecond);
  EXPECT_EQ(door_->connections(), 3U);
  EXPECT_FALSE(clients_.back()->ended);
}

TEST_F(Doors, AThrottledClientIsAnsweredAndThenNotReadFrom) {
  open({});
  produce_->throttle_ms = 5'000;
  Client& client = connect();
  send(client, request(kProduceKey, 9, 100));
  wait(io::kNsPerSecond);
  EXPECT_EQ(client.received, 20U);
  send(client, request(kHeartbeatKey, 0, 20));
  wait(3 * io::kNsPerSecond);
  EXPECT_EQ(heartbeat_->taken, 0U);
  wait(2 * io::kNsPerSecond);
  EXPECT_EQ(heartbeat_->taken, 1U);
  EXPECT_EQ(client.received, 30U);
}

std::string malformed() {
  return std::string(4, '\xff');
}

TEST_F(Doors, AnswersToWhatCameBeforeAMalformedRequestArriveAlthoughMoreWasSent) {
  open({});
  for (const bool slow : {false, true}) {
    Client& client = connect();
    client.reads = !slow;
    std::string frames;
    for (int i = 0; i < 500; ++i) frames += request(heartbeat_->key(), 0, 20);
    send(client, frames + malformed() + std::string(100'000, 'x'));
    wait(io::kNsPerSecond);
    if (slow) read_on(client);
    wait(io::kNsPerSecond);
    EXPECT_EQ(client.received, 5'000U);
    EXPECT_TRUE(client.ended);
    EXPECT_FALSE(client.lost);
    run([&] { client.stream->close(); });
    wait(io::kNsPerSecond);
    EXPECT_EQ(door_->connections(), 0U);
  }
  EXPECT_EQ(problems_, std::vector(2, ErrorCode::kMalformedRequest));
}

TEST_F(Doors, AnAnswerThatIsStillBeingTakenIsNotCutShortByAMalformedRequest) {
  open({});
  Client& client = connect();
  client.reads = false;
  send(client, request(kFetchKey, 12, 50));
  wait(io::kNsPerSecond);
  send(client, malformed() + std::string(100'000, 'x'));
  wait(60 * io::kNsPerSecond);
  EXPECT_EQ(door_->connections(), 1U);
  read_on(client);
  wait(io::kNsPerSecond);
  EXPECT_EQ(client.received, 300'000U);
  EXPECT_TRUE(client.ended);
  EXPECT_FALSE(client.lost);
}

TEST_F(Doors, NothingIsDoneOfWhatComesAfterTheRequestThatEndsAConnection) {
  open({});
  produce_->keeps = true;
  const std::string unknown = request(999, 0, 20);
  for (const std::string& wrong : {malformed(), unknown}) {
    Client& client = connect();
    send(client, request(kProduceKey, 9, 100) + wrong + request(kHeartbeatKey, 0, 20));
    wait(io::kNsPerSecond);
    send(client, request(kHeartbeatKey, 0, 20));
    wait(io::kNsPerSecond);
    EXPECT_FALSE(client.ended) << "the answer before it is still to come";
    for (Respond& respond : std::exchange(produce_->kept, {})) produce_->reply(std::move(respond));
    wait(io::kNsPerSecond);
    EXPECT_EQ(client.received, 20U);
    EXPECT_TRUE(client.ended);
    EXPECT_FALSE(client.lost);
    EXPECT_EQ(heartbeat_->taken, 0U);
  }
}

TEST_F(Doors, WhoStaysAfterTheLastWordIsDisconnectedAndCountsUntilThen) {
  open({.limits = {.farewell_ns_max = 3 * io::kNsPerSecond}, .connections_per_host_max = 2});
  for (int i = 0; i < 2; ++i) send(connect(), request(kHeartbeatKey, 0, 20) + malformed());
  wait(2 * io::kNsPerSecond);
  EXPECT_EQ(clients_[0]->received, 10U);
  EXPECT_TRUE(clients_[0]->ended) << "the server says no more";
  EXPECT_EQ(door_->connections(), 2U);
  connect();
  wait(io::kNsPerSecond / 2);
  EXPECT_TRUE(clients_[2]->ended) << "there is no room for it";
  wait(io::kNsPerSecond);
  EXPECT_EQ(door_->connections(), 0U);
}

TEST_F(Doors, WhoSendsOnAfterTheLastWordIsDisconnected) {
  open({.limits = {.farewell_bytes_max = 1 << 20, .farewell_ns_max = 3'000 * io::kNsPerSecond}});
  Client& client = connect();
  send(client, malformed() + std::string(900'000, 'x'));
  wait(10 * io::kNsPerSecond);
  EXPECT_EQ(door_->connections(), 1U);
  send(client, std::string(900'000, 'x'));
  wait(10 * io::kNsPerSecond);
  EXPECT_EQ(door_->connections(), 0U);
}

TEST_F(Doors, ADoorThatFinishesDoesNotTakeBackAnswers) {
  open({});
  produce_->keeps = true;
  Client& client = connect();
  send(client, request(kProduceKey, 9, 100));
  wait(io::kNsPerSecond);
  client.reads = false;
  door_->finish();
  send(client, std::string(100'000, 'x'));
  wait(io::kNsPerSecond);
  for (Respond& respond : produce_->kept) produce_->reply(std::move(respond));
  wait(io::kNsPerSecond);
  read_on(client);
  wait(io::kNsPerSecond);
  EXPECT_EQ(client.received, 20U);
  EXPECT_TRUE(client.ended);
  EXPECT_FALSE(client.lost);
  wait(10 * io::kNsPerSecond);
  EXPECT_EQ(door_->connections(), 0U);
}

TEST_F(Doors, ADoorThatFinishesLetsGoAtOnceOfWhomItToldNothing) {
  open({.limits = {.farewell_ns_max = io::kNsPerSecond}});
  connect();
  Client& quiet = connect();
  send(quiet, request(kHeartbeatKey, 0, 20));
  wait(2 * io::kNsPerSecond);
  door_->finish();
  wait(io::kNsPerSecond / 100);
  EXPECT_EQ(door_->connections(), 0U);
}

TEST_F(Doors, ADoorThatFinishesAnswersWhatItTookAndNothingMore) {
  open({});
  produce_->keeps = true;
  Client& idle = connect();
  Client& client = connect();
  send(client, request(kProduceKey, 9, 100));
  wait(io::kNsPerSecond);
  door_->finish();
  wait(io::kNsPerSecond);
  EXPECT_TRUE(idle.ended);
  EXPECT_FALSE(client.ended);
  send(client, request(kHeartbeatKey, 0, 20));
  wait(io::kNsPerSecond);
  for (Respond& respond : produce_->kept) produce_->reply(std::move(respond));
  wait(io::kNsPerSecond);
  EXPECT_EQ(client.received, 20U);
  EXPECT_TRUE(client.ended);
  EXPECT_EQ(heartbeat_->taken, 0U);
}

}  // namespace
}  // namespace millrace::broker
