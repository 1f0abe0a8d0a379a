// What the contract of the network promises, in both worlds.
#include "io/network/network.h"

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <random>

#include "io/await.h"
#include "io/posix_world.h"
#include "io/simulated_world.h"

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
    loop_ = network().start_loop({.name = "server"});
    client_loop_ = network().start_loop({.name = "client"});
  }
  World world() { return posix_ ? posix_->world() : simulated_->world(); }
  Network& network() { return world().network; }

  // Runs `call` on a loop and waits until it has run.
  void on(Executor& loop, std::function<void()> call) {
    Notification done;
    loop.post([&] {
      call();
      done.set();
    });
    world().threads.wait(done);
  }
  std::unique_ptr<Listener> listen(Accept accept) {
    auto listener = network().listen({"127.0.0.1", 0}, {loop_.get()}, std::move(accept));
    EXPECT_TRUE(listener.has_value()) << listener.error().to_string();
    return *std::move(listener);
  }
  StreamPtr connect(const Address& address) {
    auto stream = await<StreamPtr>(world().threads, [&](auto done) {
      network().connect(address, *client_loop_, std::move(done));
    });
    EXPECT_TRUE(stream.has_value()) << stream.error().to_string();
    return stream ? *std::move(stream) : nullptr;
  }
  Result<size_t> read(Stream& stream, std::span<std::byte> into) {
    return await<size_t>(world().threads, [&](auto done) {
      client_loop_->post([&stream, into, done = std::move(done)]() mutable {
        stream.read(into, std::move(done));
      });
    });
  }
  std::string read_all(Stream& stream, size_t bytes) {
    std::string text;
    std::vector<std::byte> block(64 << 10);
    while (text.size() < bytes) {
      const auto got = read(stream, block);
      if (!got || *got == 0) break;
      text.append(reinterpret_cast<const char*>(block.data()), *got);
    }
    return text;
  }
  Result<void> write(Stream& stream, std::vector<Buffer> chain) {
    return await<void>(world().threads, [&](auto done) {
      client_loop_->post([&stream, chain = std::move(chain), done = std::move(done)]() mutable {
        stream.write(std::move(chain), std::move(done));
      });
    });
  }
  void drop(StreamPtr& stream) {
    on(*client_loop_, [&] { stream.reset(); });
  }

  std::unique_ptr<PosixWorld> posix_;
  std::unique_ptr<SimulatedWorld> simulated_;
  std::unique_ptr<Executor> loop_;
  std::unique_ptr<Executor> client_loop_;
};

// Sends back what it reads, until the peer is done.
class Echo : public std::enable_shared_from_this<Echo> {
 public:
  explicit Echo(StreamPtr stream) : stream_(std::move(stream)) {}
  void go() {
    stream_->read(block_, [self = shared_from_this()](Result<size_t> got) {
      if (!got || *got == 0) return self->stream_->close();
      const std::span bytes(self->block_.data(), *got);
      self->stream_->write({Buffer::copy_of(bytes)}, [](Result<void>) {});
      self->go();
    });
  }

 private:
  StreamPtr stream_;
  std::vector<std::byte> block_ = std::vector<std::byte>(10'000);
};

void echo(StreamPtr stream, Executor&) {
  std::make_shared<Echo>(std::move(stream))->go();
}

TEST_P(NetworkTest, WhatIsSentComesBackByteForByte) {
  auto listener = listen(echo);
  StreamPtr stream = connect(listener->local());
  std::mt19937 random(static_cast<uint32_t>(GetParam()));
  for (const size_t bytes : {1UL, 100UL, 65'536UL, 3'000'000UL}) {
    std::string text(bytes, '\0');
    for (char& c : text) c = static_cast<char>(random());
    std::vector<Buffer> chain;
    for (size_t at = 0; at < bytes;) {
      const size_t part = std::min<size_t>(bytes - at, 1 + random() % 100'000);
      chain.push_back(Buffer::copy_of(std::string_view(text).substr(at, part)));
      at += part;
    }
    bool written = false;
    on(*client_loop_, [&] {
      stream->write(std::move(chain), [&](Result<void> done) { written = done.has_value(); });
    });
    EXPECT_EQ(read_all(*stream, bytes), text);
    on(*client_loop_, [&] { EXPECT_TRUE(written); });
  }
  drop(stream);
}

TEST_P(NetworkTest, QueuedWritesGoOutInOrder) {
  auto listener = listen(echo);
  StreamPtr stream = connect(listener->local());
  std::string expected;
  on(*client_loop_, [&] {
    for (int i = 0; i < 2'000; ++i) {
      const std::string line = std::to_string(i) + " " + std::string(i % 300, 'x') + "\n";
      expected += line;
      stream->write({Buffer::copy_of(line)}, [](Result<void>) {});
    }
  });
  EXPECT_EQ(read_all(*stream, expected.size()), expected);
  drop(stream);
}

TEST_P(NetworkTest, AClosedPeerIsTheEndOfWhatIsRead) {
  auto listener = listen([](StreamPtr stream, Executor&) {
    auto shared = std::make_shared<StreamPtr>(std::move(stream));
    (*shared)->write({Buffer::copy_of("bye")}, [shared](Result<void>) { (*shared)->close(); });
  });
  StreamPtr stream = connect(listener->local());
  EXPECT_EQ(read_all(*stream, 100), "bye");
  std::byte one[1];
  const auto end = read(*stream, one);
  ASSERT_TRUE(end.has_value());
  EXPECT_EQ(*end, 0U);
  drop(stream);
}

TEST_P(NetworkTest, WritingToAPeerThatIsGoneIsAnError) {
  auto listener = listen([](StreamPtr stream, Executor&) { stream.reset(); });
  StreamPtr stream = connect(listener->local());
  Result<void> written;
  for (int i = 0; i < 1'000 && written; ++i) {
    written = write(*stream, {Buffer::zeroed(100'000)});
  }
  EXPECT_FALSE(written.has_value());
  drop(stream);
}

TEST_P(NetworkTest, CloseEndsTheReadThatWaits) {
  auto listener = listen(echo);
  StreamPtr stream = connect(listener->local());
  std::byte one[1];
  const auto answer = await<size_t>(world().threads, [&](auto done) {
    client_loop_->post([&, done = std::move(done)]() mutable {
      stream->read(one, std::move(done));
      stream->close();
    });
  });
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), ErrorCode::kCancelled);
  drop(stream);
}

TEST_P(NetworkTest, ManyConnectionsAreServedByTurns) {
  auto second_loop = network().start_loop({.name = "second"});
  std::atomic<int> first = 0;
  std::atomic<int> second = 0;
  auto listener = network().listen({"127.0.0.1", 0}, {loop_.get(), second_loop.get()},
                                   [&](StreamPtr stream, Executor& loop) {
                                     EXPECT_TRUE(loop.current());
                                     ++(&loop == loop_.get() ? first : second);
                                     echo(std::move(stream), loop);
                                   });
  ASSERT_TRUE(listener.has_value());
  std::vector<StreamPtr> streams;
  for (int i = 0; i < 200; ++i) streams.push_back(connect((*listener)->local()));
  for (size_t i = 0; i < streams.size(); ++i) {
    const std::string text = "hello " + std::to_string(i);
    EXPECT_TRUE(write(*streams[i], {Buffer::copy_of(text)}).has_value());
    EXPECT_EQ(read_all(*streams[i], text.size()), text);
  }
  EXPECT_EQ(first, 100);
  EXPECT_EQ(second, 100);
  for (StreamPtr& stream : streams) drop(stream);
  listener->reset();
  // The echoes end when they see the end.
  on(*second_loop, [] {});
  loop_.reset();
}

TEST_P(NetworkTest, APortInUseIsRefusedAndNobodyAtAPortToo) {
  auto listener = listen(echo);
  const auto again = network().listen(listener->local(), {loop_.get()}, echo);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code(), ErrorCode::kInUse);
  const Address address = listener->local();
  EXPECT_NE(again.error().place().find(std::to_string(address.port)), std::string::npos);
  listener.reset();
  const auto nobody = await<StreamPtr>(world().threads, [&](auto done) {
    network().connect(address, *client_loop_, std::move(done));
  });
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().code(), ErrorCode::kIoFailed);
}

TEST_P(NetworkTest, ALoopRunsTasksAndTimersInOrder) {
  std::string order;
  Notification done;
  const MonotonicTime now = loop_->now();
  loop_->post_at(now + 20 * kNsPerMs, [&] { order += "d", done.set(); });
  loop_->post_at(now + 10 * kNsPerMs, [&] { order += "c"; });
  loop_->post([&] { order += "a"; });
  loop_->post([&] { order += "b"; });
  world().threads.wait(done);
  on(*loop_, [&] { EXPECT_EQ(order, "abcd"); });
}

INSTANTIATE_TEST_SUITE_P(Worlds, NetworkTest, ::testing::Values(0, 1, 2, 3), [](const auto& info) {
  return info.param == 0 ? "Posix" : "Seed" + std::to_string(info.param);
});

TEST(SimulatedNetwork, ACutConnectionIsLostAtBothEndsAndASeedRepeats) {
  const auto run = [](uint64_t seed) {
    SimulatedWorld world({.seed = seed});
    const auto loop = world.network().start_loop({.name = "loop"});
    auto listener = world.network().listen({"127.0.0.1", 9}, {loop.get()}, echo);
    StreamPtr stream = *await<StreamPtr>(world.threads(), [&](auto done) {
      world.network().connect({"127.0.0.1", 9}, *loop, std::move(done));
    });
    std::byte block[100];
    std::optional<Result<size_t>> answer;
    loop->post([&] {
      stream->write({Buffer::zeroed(50)}, [](Result<void>) {});
      stream->read(block, [&](Result<size_t> got) { answer = std::move(got); });
    });
    world.network().stall(9);
    world.threads().run_for(kNsPerSecond);
    EXPECT_FALSE(answer.has_value());
    world.network().cut(9);
    world.threads().run_for(kNsPerSecond);
    EXPECT_TRUE(answer.has_value() && !answer->has_value());
    stream.reset();
    listener->reset();
    world.threads().run_until_idle();
    return world.trace_hash();
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

TEST(Address, IsReadAndPrinted) {
  EXPECT_EQ(*Address::parse("localhost:9092"), (Address{"localhost", 9092}));
  EXPECT_EQ(*Address::parse("[::1]:80"), (Address{"::1", 80}));
  EXPECT_EQ(*Address::parse(":0"), (Address{"", 0}));
  EXPECT_EQ((Address{"::1", 80}).to_string(), "[::1]:80");
  for (const char* wrong : {"localhost", "a:b", "a:70000", "::1:80", "a:", ""}) {
    EXPECT_FALSE(Address::parse(wrong).has_value()) << wrong;
  }
}

TEST(PosixNetwork, LocalhostIsEveryFamilyThatTheMachineHas) {
  PosixWorld world;
  const auto loop = world.world().network.start_loop({.name = "loop"});
  auto listener = world.world().network.listen({"localhost", 0}, {loop.get()}, echo);
  ASSERT_TRUE(listener.has_value()) << listener.error().to_string();
  EXPECT_NE((*listener)->local().port, 0);
  listener->reset();
  const auto nowhere = world.world().network.listen({"no such host.", 0}, {loop.get()}, echo);
  ASSERT_FALSE(nowhere.has_value());
  EXPECT_EQ(nowhere.error().code(), ErrorCode::kInvalidOption);
}

}  // namespace
}  // namespace millrace::io
