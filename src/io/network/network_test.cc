// What the contract of the network promises, in both worlds.
#include "io/network/network.h"

#include <algorithm>
#include <atomic>
#include <optional>

#include "io/network/network_driver_test.h"

namespace millrace::io {
namespace {

// Either world, chosen by the parameter: 0 is POSIX, others are seeds.
class NetworkTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  NetworkTest() {
    if (GetParam() == 0) {
      posix_ = std::make_unique<PosixWorld>();
    } else {
      simulated_ = std::make_unique<SimulatedWorld>(SimulationOptions{.seed = GetParam()});
    }
    driver_.emplace(posix_ ? posix_->world() : simulated_->world());
  }

  std::unique_ptr<PosixWorld> posix_;
  std::unique_ptr<SimulatedWorld> simulated_;
  std::optional<NetworkDriver> driver_;
};

INSTANTIATE_TEST_SUITE_P(Worlds, NetworkTest, ::testing::Values(0, 1, 2, 3), [](const auto& info) {
  return info.param == 0 ? "Posix" : "Seed" + std::to_string(info.param);
});

TEST_P(NetworkTest, WhatIsSentComesBackByteForByte) {
  NetworkDriver& driver = *driver_;
  auto listener = driver.listen(echo);
  StreamPtr stream = driver.connect(listener->local());
  for (const size_t bytes : {1UL, 100UL, 65'536UL, 3'000'000UL}) {
    const std::string text = driver.random_text(bytes);
    auto chain = driver.chain_of(text, 100'000);
    bool written = false;
    driver.on(*driver.client_loop, [&] {
      stream->write(std::move(chain), [&](Result<void> done) { written = done.has_value(); });
    });
    EXPECT_TRUE(driver.read_all(*stream, bytes) == text);
    driver.on(*driver.client_loop, [&] { EXPECT_TRUE(written); });
  }
  driver.drop(stream);
}

TEST_P(NetworkTest, AChainOfThousandsOfPartsArrivesWhole) {
  NetworkDriver& driver = *driver_;
  auto listener = driver.listen(echo);
  StreamPtr stream = driver.connect(listener->local());
  const std::string text = driver.random_text(100'000);
  auto chain = driver.chain_of(text, 20);
  EXPECT_GT(chain.size(), 5'000U);
  EXPECT_TRUE(driver.write(*stream, std::move(chain)).has_value());
  EXPECT_TRUE(driver.read_all(*stream, text.size()) == text);
  driver.drop(stream);
}

TEST_P(NetworkTest, QueuedWritesGoOutAndAreAnsweredInOrder) {
  NetworkDriver& driver = *driver_;
  auto listener = driver.listen(echo);
  StreamPtr stream = driver.connect(listener->local());
  std::string expected;
  std::vector<int> answered;
  driver.on(*driver.client_loop, [&] {
    for (int i = 0; i < 2'000; ++i) {
      const std::string line = std::to_string(i) + " " + std::string(i % 300, 'x') + "\n";
      expected += line;
      stream->write({Buffer::copy_of(line)}, [&, i](Result<void>) { answered.push_back(i); });
    }
    EXPECT_TRUE(answered.empty()) << "a completion ran inside the call";
  });
  EXPECT_EQ(driver.read_all(*stream, expected.size()), expected);
  EXPECT_TRUE(driver.write(*stream, {}).has_value());
  driver.on(*driver.client_loop, [&] {
    EXPECT_EQ(answered.size(), 2'000U);
    EXPECT_TRUE(std::ranges::is_sorted(answered));
  });
  driver.drop(stream);
}

TEST_P(NetworkTest, AWriterWaitsForAReaderThatDoesNotRead) {
  NetworkDriver& driver = *driver_;
  Keeper keeper;
  auto listener = driver.listen(keeper.accept());
  StreamPtr stream = driver.connect(listener->local());
  std::atomic<int> written = 0;
  driver.on(*driver.client_loop, [&] {
    for (int i = 0; i < 100; ++i) {
      stream->write({Buffer::zeroed(1 << 20)}, [&](Result<void> done) { written += done ? 1 : 0; });
    }
  });
  Notification later;
  driver.client_loop->post_at(driver.client_loop->now() + 50 * kNsPerMs, [&] { later.set(); });
  driver.world().threads.wait(later);
  EXPECT_LT(written, 50);
  driver.on(*driver.client_loop, [&] { stream->close(); });
  driver.drop(stream);
  driver.on(*driver.server_loop, [&] { keeper.kept().clear(); });
}

TEST_P(NetworkTest, AClosedPeerIsTheEndOfWhatIsRead) {
  NetworkDriver& driver = *driver_;
  auto listener = driver.listen([](StreamPtr stream, Loop&) {
    Stream& bye = *stream;
    bye.write({Buffer::copy_of("bye")},
              [stream = std::move(stream)](Result<void>) { stream->close(); });
  });
  StreamPtr stream = driver.connect(listener->local());
  EXPECT_EQ(driver.read_all(*stream, 100), "bye");
  std::byte one[1];
  for (int repeat = 0; repeat < 2; ++repeat) {
    const auto end = driver.read(*stream, one);
    ASSERT_TRUE(end.has_value());
    EXPECT_EQ(*end, 0U);
  }
  driver.drop(stream);
}

TEST_P(NetworkTest, AfterAShutdownTheAnswerIsStillRead) {
  NetworkDriver& driver = *driver_;
  auto listener = driver.listen(echo);
  StreamPtr stream = driver.connect(listener->local());
  const std::string text = driver.random_text(2'000'000);
  std::optional<ErrorCode> refused;
  driver.on(*driver.client_loop, [&] {
    stream->write({Buffer::copy_of(text)}, [](Result<void>) {});
    stream->shutdown();
    stream->write({Buffer::copy_of("late")},
                  [&](Result<void> done) { refused = done.error().code(); });
  });
  EXPECT_TRUE(driver.read_all(*stream, text.size() + 1) == text);
  driver.on(*driver.client_loop, [&] { EXPECT_EQ(refused, ErrorCode::kCancelled); });
  driver.drop(stream);
}

TEST_P(NetworkTest, WritingToAPeerThatIsGoneIsAnError) {
  NetworkDriver& driver = *driver_;
  auto listener = driver.listen([](StreamPtr stream, Loop&) { stream.reset(); });
  StreamPtr stream = driver.connect(listener->local());
  Result<void> written;
  for (int i = 0; i < 1'000 && written; ++i) {
    written = driver.write(*stream, {Buffer::zeroed(100'000)});
  }
  ASSERT_FALSE(written.has_value());
  EXPECT_EQ(written.error().code(), ErrorCode::kIoFailed);
  EXPECT_EQ(written.error().place(), stream->peer().to_string());
  EXPECT_FALSE(driver.write(*stream, {Buffer::zeroed(1)}).has_value());
  driver.drop(stream);
}

TEST_P(NetworkTest, CloseEndsTheReadAndTheWritesThatWait) {
  NetworkDriver& driver = *driver_;
  Keeper keeper;
  auto listener = driver.listen(keeper.accept());
  StreamPtr stream = driver.connect(listener->local());
  std::byte one[1];
  std::optional<Result<size_t>> read;
  int cancelled = 0;
  int written = 0;
  driver.on(*driver.client_loop, [&] {
    stream->read(one, [&](Result<size_t> got) { read = std::move(got); });
    for (int i = 0; i < 100; ++i) {
      stream->write({Buffer::zeroed(1 << 20)},
                    [&](Result<void> done) { ++(done ? written : cancelled); });
    }
    stream->close();
    stream->close();
  });
  EXPECT_EQ(driver.write(*stream, {}).error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(driver.read(*stream, one).error().code(), ErrorCode::kCancelled);
  driver.on(*driver.client_loop, [&] {
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->error().code(), ErrorCode::kCancelled);
    EXPECT_GT(cancelled, 50);
    EXPECT_EQ(written + cancelled, 100);
  });
  driver.drop(stream);
  driver.on(*driver.server_loop, [&] { keeper.kept().clear(); });
}

TEST_P(NetworkTest, AStreamMayBeDestroyedInItsOwnCompletionAndDropsTheOthers) {
  NetworkDriver& driver = *driver_;
  auto listener = driver.listen(echo);
  StreamPtr stream = driver.connect(listener->local());
  const auto owned = std::make_shared<int>(1);
  std::byte one[1];
  Notification gone;
  driver.on(*driver.client_loop, [&] {
    stream->read(one, [owned](Result<size_t>) { ADD_FAILURE() << "answered after its stream"; });
    stream->write({Buffer::copy_of("x")}, [&](Result<void>) {
      stream.reset();
      gone.set();
    });
    for (int i = 0; i < 10; ++i) {
      stream->write({Buffer::copy_of("y")}, [owned](Result<void>) { ADD_FAILURE(); });
    }
  });
  driver.world().threads.wait(gone);
  driver.client_loop.reset();
  EXPECT_EQ(owned.use_count(), 1);
}

TEST_P(NetworkTest, ALoopThatEndsClosesItsStreamsAndDropsWhatTheyOwn) {
  NetworkDriver& driver = *driver_;
  auto listener = driver.listen(echo);
  StreamPtr stream = driver.connect(listener->local());
  EXPECT_TRUE(driver.write(*stream, {Buffer::copy_of("hello")}).has_value());
  EXPECT_EQ(driver.read_all(*stream, 5), "hello");
  const auto owned = std::make_shared<int>(1);
  auto self_owned = std::make_shared<StreamPtr>(driver.connect(listener->local()));
  std::byte one[1];
  driver.on(*driver.client_loop,
            [&] { (*self_owned)->read(one, [owned, self_owned](Result<size_t>) {}); });
  self_owned.reset();
  listener.reset();
  driver.client_loop.reset();
  EXPECT_EQ(owned.use_count(), 1);
  stream->write({Buffer::copy_of("x")}, [owned](Result<void>) {});
  EXPECT_EQ(owned.use_count(), 1);
  stream.reset();
  // The echoes see the end of their clients; or die with their loop.
  driver.server_loop.reset();
}

TEST_P(NetworkTest, AThousandConnectionsAreServedByTurns) {
  NetworkDriver& driver = *driver_;
  constexpr size_t kConnections = 1'000;
  auto second_loop = driver.network().start_loop({.name = "second"});
  std::atomic<int> first = 0;
  std::atomic<int> second = 0;
  auto listener =
      driver.network().listen({"127.0.0.1", 0}, {driver.server_loop.get(), second_loop.get()},
                              [&](StreamPtr stream, Loop& loop) {
                                EXPECT_TRUE(loop.current());
                                ++(&loop == second_loop.get() ? second : first);
                                echo(std::move(stream), loop);
                              });
  ASSERT_TRUE(listener.has_value());
  std::vector<StreamPtr> streams;
  for (size_t i = 0; i < kConnections; ++i) streams.push_back(driver.connect((*listener)->local()));
  for (size_t i = 0; i < kConnections; ++i) {
    const std::string text = "hello " + std::to_string(i);
    EXPECT_TRUE(driver.write(*streams[i], {Buffer::copy_of(text)}).has_value());
    EXPECT_EQ(driver.read_all(*streams[i], text.size()), text);
  }
  EXPECT_EQ(first, 500);
  EXPECT_EQ(second, 500);
  driver.on(*driver.client_loop, [&] { streams.clear(); });
  listener->reset();
}

TEST_P(NetworkTest, NobodyIsAcceptedAfterTheListenerHasGone) {
  NetworkDriver& driver = *driver_;
  auto second_loop = driver.network().start_loop({.name = "second"});
  for (int round = 0; round < 20; ++round) {
    auto open = std::make_shared<std::atomic<bool>>(true);
    auto listener =
        driver.network().listen({"127.0.0.1", 0}, {driver.server_loop.get(), second_loop.get()},
                                [open](StreamPtr, Loop&) { EXPECT_TRUE(*open); });
    ASSERT_TRUE(listener.has_value());
    std::atomic<int> answers = 0;
    for (int i = 0; i < 20; ++i) {
      driver.network().connect((*listener)->local(), *driver.client_loop,
                               [&](Result<StreamPtr>) { ++answers; });
    }
    for (int task = 0; task < round; ++task) driver.on(*driver.client_loop, [] {});
    listener->reset();
    *open = false;
    while (answers < 20) driver.on(*driver.client_loop, [] {});
  }
}

TEST_P(NetworkTest, APortInUseIsRefusedAndNobodyAtAPortToo) {
  NetworkDriver& driver = *driver_;
  auto listener = driver.listen(echo);
  const Address address = listener->local();
  const auto again = driver.network().listen(address, {driver.server_loop.get()}, echo);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code(), ErrorCode::kPortInUse);
  EXPECT_TRUE(again.error().message().contains(std::to_string(address.port)));
  EXPECT_FALSE(again.error().remedy().empty());
  listener.reset();
  const auto nobody = driver.try_connect(address);
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().code(), ErrorCode::kIoFailed);
  EXPECT_EQ(nobody.error().place(), address.to_string());
  listener = driver.listen(echo, address);
  StreamPtr stream = driver.connect(address);
  EXPECT_EQ(stream->peer(), address);
  EXPECT_EQ(stream->local().host, "127.0.0.1");
  driver.drop(stream);
}

// One end of a connection that does whatever comes to its mind. Kept by its completions only.
class Whimsical : public std::enable_shared_from_this<Whimsical> {
 public:
  Whimsical(StreamPtr stream, uint32_t seed, std::atomic<int>& alive)
      : stream_(std::move(stream)), random_(seed), alive_(alive) {
    ++alive_;
  }
  ~Whimsical() { --alive_; }
  Whimsical(const Whimsical&) = delete;
  Whimsical& operator=(const Whimsical&) = delete;

  void act() {
    if (stream_ == nullptr) return;
    for (auto actions = random_() % 3; actions > 0; --actions) write();
    switch (random_() % 40) {
      case 0:
        return stream_.reset();
      case 1:
        return stream_->close();
      case 2:
        stream_->shutdown();
        break;
      default:
        break;
    }
    if (!reading_) read();
  }

 private:
  void read() {
    reading_ = true;
    const size_t most = 1 + random_() % block_.size();
    stream_->read(std::span(block_).first(most), [self = shared_from_this()](Result<size_t> got) {
      self->reading_ = false;
      if (got && *got > 0) self->act();
    });
  }
  void write() {
    std::vector<Buffer> chain(random_() % 4, Buffer::zeroed(random_() % 50'000));
    stream_->write(std::move(chain), [self = shared_from_this()](Result<void> written) {
      if (written && self->random_() % 2 == 0) self->act();
    });
  }

  StreamPtr stream_;
  std::mt19937 random_;
  std::atomic<int>& alive_;
  std::vector<std::byte> block_ = std::vector<std::byte>(20'000);
  bool reading_ = false;
};

TEST_P(NetworkTest, WhateverBothEndsDoNothingIsLeftOfThemWhenTheirLoopsHaveGone) {
  std::atomic<int> alive = 0;
  std::atomic<uint32_t> next_seed = static_cast<uint32_t>(GetParam());
  for (int round = 0; round < 20; ++round) {
    NetworkDriver driver(driver_->world());
    auto second_loop = driver.network().start_loop({.name = "second"});
    auto listener = driver.network().listen(
        {"127.0.0.1", 0}, {driver.server_loop.get(), second_loop.get()},
        [&](StreamPtr stream, Loop&) {
          std::make_shared<Whimsical>(std::move(stream), ++next_seed, alive)->act();
        });
    ASSERT_TRUE(listener.has_value());
    for (int client = 0; client < 20; ++client) {
      driver.network().connect(
          (*listener)->local(), *driver.client_loop, [&](Result<StreamPtr> stream) {
            if (!stream) return;
            std::make_shared<Whimsical>(*std::move(stream), ++next_seed, alive)->act();
          });
    }
    for (int task = 0; task < round * 10; ++task) driver.on(*driver.client_loop, [] {});
    listener->reset();
    // Now and then one end goes on while the other has gone.
    if (round % 2 == 0) driver.client_loop.reset();
    second_loop.reset();
    if (round % 2 == 0) driver.on(*driver.server_loop, [] {});
    driver.server_loop.reset();
    driver.client_loop.reset();
    EXPECT_EQ(alive, 0);
  }
}

TEST_P(NetworkTest, ALoopRunsTasksAndTimersInOrder) {
  std::string order;
  Notification done;
  Loop& loop = *driver_->server_loop;
  const MonotonicTime now = loop.now();
  loop.post_at(now + 20 * kNsPerMs, [&] { order += "e", done.set(); });
  loop.post_at(now + 10 * kNsPerMs, [&] { order += "c"; });
  loop.post_at(now + 10 * kNsPerMs, [&] { order += "d"; });
  loop.post([&] {
    EXPECT_TRUE(loop.current());
    order += "a";
  });
  loop.post([&] { order += "b"; });
  driver_->world().threads.wait(done);
  driver_->on(loop, [&] { EXPECT_EQ(order, "abcde"); });
  EXPECT_FALSE(loop.current());
  EXPECT_GE(loop.now(), now + 20 * kNsPerMs);
}

TEST_P(NetworkTest, AnEarlierTimerPostedLaterRunsFirst) {
  Notification early;
  std::atomic<bool> late = false;
  Loop& loop = *driver_->server_loop;
  loop.post_at(loop.now() + 3600 * kNsPerSecond, [&] { late = true; });
  driver_->on(loop, [] {});
  loop.post_at(loop.now() + kNsPerMs, [&] { early.set(); });
  driver_->world().threads.wait(early);
  EXPECT_FALSE(late);
}

}  // namespace
}  // namespace millrace::io
