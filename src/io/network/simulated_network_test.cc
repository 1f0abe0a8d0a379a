// What goes wrong in the simulated network, and that a seed repeats it.
#include "io/network/simulated_network.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "io/network/network_driver_test.h"

namespace millrace::io {
namespace {

constexpr uint16_t kPort = 9092;

// A client of an echo, in one world.
class Faults {
 public:
  explicit Faults(SimulationOptions options = {}) : world(options), driver(world.world()) {
    listener = driver.listen(echo, {"127.0.0.1", kPort});
  }
  ~Faults() {
    if (stream) driver.drop(stream);
    listener.reset();
  }
  void connect() { stream = driver.connect({"localhost", kPort}); }
  // Sends `text` and expects it back.
  bool echoes(const std::string& text) {
    return driver.write(*stream, {Buffer::copy_of(text)}) &&
           driver.read_all(*stream, text.size()) == text;
  }
  SimulatedNetwork& network() { return world.network(); }

  SimulatedWorld world;
  NetworkDriver driver;
  ListenerPtr listener;
  StreamPtr stream;
};

TEST(SimulatedNetwork, ACutConnectionIsLostAtBothEnds) {
  Faults faults;
  std::optional<Result<size_t>> server;
  StreamPtr kept;
  std::byte block[10];
  auto other = faults.driver.listen(
      [&](StreamPtr stream, Loop&) {
        kept = std::move(stream);
        kept->read(block, [&](Result<size_t> got) { server = std::move(got); });
      },
      {"127.0.0.1", 1});
  StreamPtr stream = faults.driver.connect({"127.0.0.1", 1});
  faults.world.threads().run_for(kNsPerSecond);
  ASSERT_NE(kept, nullptr);
  // What is on its way is lost.
  faults.driver.on(*faults.driver.client_loop, [&] {
    stream->write({Buffer::zeroed(50)}, [](Result<void>) {});
    faults.network().cut(1);
  });
  EXPECT_FALSE(faults.driver.read(*stream, block).has_value());
  EXPECT_FALSE(faults.driver.write(*stream, {Buffer::zeroed(1)}).has_value());
  faults.world.threads().run_for(kNsPerSecond);
  ASSERT_TRUE(server.has_value());
  EXPECT_EQ(server->error().code(), ErrorCode::kIoFailed);
  faults.driver.drop(stream);
  faults.driver.on(*faults.driver.server_loop, [&] { kept.reset(); });
}

TEST(SimulatedNetwork, TheNthConnectReadOrWriteIsCut) {
  for (const NetworkCall call : {NetworkCall::kConnect, NetworkCall::kRead, NetworkCall::kWrite}) {
    Faults faults;
    faults.network().inject({.call = call, .nth = 2, .port = kPort});
    faults.connect();
    faults.driver.drop(faults.stream);
    faults.stream = faults.driver.try_connect({"127.0.0.1", kPort}).value_or(nullptr);
    EXPECT_EQ(faults.stream == nullptr, call == NetworkCall::kConnect);
    if (call == NetworkCall::kConnect) {
      faults.connect();
      EXPECT_TRUE(faults.echoes("hello"));
    } else {
      EXPECT_FALSE(faults.echoes("hello") && faults.echoes("hello"));
    }
  }
}

TEST(SimulatedNetwork, ASilentPeerAnswersNothingUntilItIsHealed) {
  Faults faults;
  faults.connect();
  std::byte block[100];
  std::optional<Result<size_t>> answer;
  faults.network().stall(kPort);
  faults.driver.on(*faults.driver.client_loop, [&] {
    faults.stream->write({Buffer::zeroed(50)}, [](Result<void>) {});
    faults.stream->read(block, [&](Result<size_t> got) { answer = std::move(got); });
  });
  faults.world.threads().run_for(60 * kNsPerSecond);
  EXPECT_FALSE(answer.has_value());
  faults.network().heal(kPort);
  faults.world.threads().run_for(kNsPerSecond);
  ASSERT_TRUE(answer.has_value());
  EXPECT_TRUE(answer->has_value());
}

TEST(SimulatedNetwork, BothEndsGiveUpASilentPeer) {
  Faults faults;
  faults.network().inject({.call = NetworkCall::kConnect, .effect = NetworkEffect::kSilence});
  faults.connect();
  const MonotonicTime before = faults.world.clock().now();
  std::byte block[100];
  const auto answer = faults.driver.read(*faults.stream, block);
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), ErrorCode::kIoFailed);
  EXPECT_GE(faults.world.clock().now() - before, 100 * kNsPerSecond);
}

TEST(SimulatedNetwork, ASlowReaderHoldsTheWriterBack) {
  Faults faults;
  Keeper keeper;
  faults.connect();
  EXPECT_TRUE(faults.echoes("hello"));
  const std::string text = faults.driver.random_text(300'000);
  MonotonicTime before = faults.world.clock().now();
  EXPECT_TRUE(faults.echoes(text));
  const int64_t usual_ns = faults.world.clock().now() - before;
  faults.network().inject({.call = NetworkCall::kRead,
                           .lasting = true,
                           .effect = NetworkEffect::kSlow,
                           .slow_ns = 100 * kNsPerMs});
  before = faults.world.clock().now();
  EXPECT_TRUE(faults.echoes(text));
  EXPECT_GT(faults.world.clock().now() - before, usual_ns + kNsPerSecond);
}

TEST(SimulatedNetwork, ALoopThatEndsIsAProgramThatDies) {
  Faults faults;
  faults.connect();
  EXPECT_TRUE(faults.echoes("hello"));
  faults.listener.reset();
  faults.driver.server_loop.reset();
  std::byte block[100];
  const auto end = faults.driver.read(*faults.stream, block);
  EXPECT_TRUE(!end.has_value() || *end == 0);
  EXPECT_FALSE(faults.driver.try_connect({"127.0.0.1", kPort}).has_value());
}

TEST(SimulatedNetwork, HostsHaveTheirOwnPorts) {
  Faults faults;
  auto a = faults.driver.listen(echo, {"a", kPort});
  auto b = faults.driver.listen(echo, {"b", kPort});
  faults.stream = faults.driver.connect({"b", kPort});
  EXPECT_EQ(faults.stream->peer(), (Address{"b", kPort}));
  EXPECT_FALSE(faults.driver.try_connect({"c", kPort}).has_value());
  const auto any =
      faults.driver.network().listen({"", kPort}, {faults.driver.server_loop.get()}, echo);
  EXPECT_FALSE(any.has_value());
}

// Echoes under random faults, with a client that connects anew; the trace of it all.
uint64_t history(uint64_t seed) {
  Faults faults({.seed = seed});
  SimulatedRandom& random = faults.world.random();
  int echoes = 0;
  for (int round = 0; round < 40; ++round) {
    const auto effect = static_cast<NetworkEffect>(random.below(3));
    faults.network().inject({.nth = 1 + random.below(30),
                             .effect = effect,
                             .slow_ns = static_cast<int64_t>(random.below(kNsPerSecond))});
    auto stream = faults.driver.try_connect({"127.0.0.1", kPort});
    if (!stream) continue;
    faults.stream = *std::move(stream);
    while (faults.echoes(std::string(random.below(100'000), 'x')) && random.below(4) != 0) ++echoes;
    faults.driver.drop(faults.stream);
  }
  EXPECT_GT(echoes, 10);
  return faults.world.trace_hash();
}

TEST(SimulatedNetwork, ASeedRepeatsItsHistoryOfFaults) {
  std::set<uint64_t> hashes;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const uint64_t hash = history(seed);
    EXPECT_EQ(history(seed), hash);
    hashes.insert(hash);
  }
  EXPECT_EQ(hashes.size(), 20U);
}

}  // namespace
}  // namespace millrace::io
