// What only the real network does: names, families, descriptors, threads.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "io/network/network_driver_test.h"
#include "io/network/port_holder.h"
#include "io/network/socket.h"

namespace millrace::io {
namespace {

class PosixNetworkTest : public ::testing::Test {
 protected:
  // A socket that connects without our loops, and sends the bytes.
  static Socket raw_connect(const Address& address) {
    const auto found = look_up(address, AddressUse::kConnect);
    Socket socket(::socket(found->front().family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.descriptor(), found->front().get(), found->front().bytes), 0);
    return socket;
  }
  bool can_use(const std::string& host) {
    return world_.world().network.listen({host, 0}, {driver_.server_loop.get()}, echo).has_value();
  }
  void expect_echo(const Address& address) {
    StreamPtr stream = driver_.connect(address);
    ASSERT_NE(stream, nullptr);
    EXPECT_TRUE(driver_.write(*stream, {Buffer::copy_of("hello")}).has_value());
    EXPECT_EQ(driver_.read_all(*stream, 5), "hello");
    driver_.drop(stream);
  }

  PosixWorld world_;
  NetworkDriver driver_{world_.world()};
};

TEST(Address, IsReadAndPrinted) {
  EXPECT_EQ(*Address::parse("localhost:9092"), (Address{"localhost", 9092}));
  EXPECT_EQ(*Address::parse("node-1.example_x.org:1"), (Address{"node-1.example_x.org", 1}));
  EXPECT_EQ(*Address::parse("[::1]:80"), (Address{"::1", 80}));
  EXPECT_EQ(*Address::parse("[fe80::1%eth0]:80"), (Address{"fe80::1%eth0", 80}));
  EXPECT_EQ(*Address::parse(":0"), (Address{"", 0}));
  EXPECT_EQ(*Address::parse("*:65535"), (Address{"", 65'535}));
  for (const char* text : {"[::1]:80", "127.0.0.1:9092", ":0"}) {
    EXPECT_EQ(Address::parse(text)->to_string(), text);
  }
  for (const char* wrong : {"localhost", "a:b", "a:70000", "a:-1", "a:+1", "a: 1", "::1:80",
                            "a:", "", "[]:1", "[host]:1", "a b:1", "http://a:1", "[::1]80"}) {
    const auto address = Address::parse(wrong);
    ASSERT_FALSE(address.has_value()) << wrong;
    EXPECT_EQ(address.error().code(), ErrorCode::kInvalidOption);
    EXPECT_FALSE(address.error().remedy().empty());
  }
}

TEST_F(PosixNetworkTest, LocalhostIsEveryFamilyThatTheMachineHas) {
  auto listener = driver_.listen(echo, {"localhost", 0});
  const uint16_t port = listener->local().port;
  EXPECT_NE(port, 0);
  expect_echo({"127.0.0.1", port});
  expect_echo({"localhost", port});
  if (can_use("::1")) expect_echo({"::1", port});
}

TEST_F(PosixNetworkTest, NoHostIsEveryInterface) {
  auto listener = driver_.listen(echo, {"", 0});
  const uint16_t port = listener->local().port;
  expect_echo({"127.0.0.1", port});
  expect_echo({"127.0.0.2", port});
  expect_echo({"", port});
  if (can_use("::1")) expect_echo({"::1", port});
}

TEST_F(PosixNetworkTest, AnotherFamilyIsTriedWhereNobodyListens) {
  if (!can_use("::1")) GTEST_SKIP() << "this machine has no IPv6";
  auto listener = driver_.listen(echo, {"::1", 0});
  expect_echo({"localhost", listener->local().port});
}

TEST_F(PosixNetworkTest, UnknownHostsAreErrors) {
  Network& network = driver_.network();
  const auto listener =
      network.listen({"no-such-host.invalid", 0}, {driver_.server_loop.get()}, echo);
  ASSERT_FALSE(listener.has_value());
  EXPECT_EQ(listener.error().code(), ErrorCode::kInvalidOption);
  const auto stream = driver_.try_connect({"no-such-host.invalid", 1});
  ASSERT_FALSE(stream.has_value());
  EXPECT_EQ(stream.error().code(), ErrorCode::kInvalidOption);
  // Of a documentation's network, which this machine does not have.
  const auto foreign = network.listen({"192.0.2.1", 0}, {driver_.server_loop.get()}, echo);
  ASSERT_FALSE(foreign.has_value());
  EXPECT_EQ(foreign.error().code(), ErrorCode::kIoFailed);
  EXPECT_FALSE(foreign.error().remedy().empty());
}

TEST_F(PosixNetworkTest, ALoopMayEndBeforeANameIsFound) {
  const auto owned = std::make_shared<int>(1);
  driver_.network().connect({"no-such-host.invalid", 1}, *driver_.client_loop,
                            [owned](Result<StreamPtr>) {});
  driver_.client_loop.reset();
  EXPECT_EQ(owned.use_count(), 1);
}

TEST_F(PosixNetworkTest, TheHolderOfAPortIsNamed) {
  auto listener = driver_.listen(echo);
  const Address address = listener->local();
  EXPECT_EQ(port_holder(address.port), "this process itself");
  const auto again = driver_.network().listen(address, {driver_.server_loop.get()}, echo);
  ASSERT_FALSE(again.has_value());
  EXPECT_TRUE(again.error().message().contains("this process itself listens at port"));
  listener.reset();
  EXPECT_EQ(port_holder(address.port), "another program");
}

TEST_F(PosixNetworkTest, APortMayBeTakenAgainAtOnce) {
  auto listener = driver_.listen([](StreamPtr stream, Loop&) { stream.reset(); });
  const Address address = listener->local();
  StreamPtr stream = driver_.connect(address);
  std::byte one[1];
  EXPECT_TRUE(driver_.read(*stream, one).has_value());
  listener.reset();
  driver_.drop(stream);
  EXPECT_TRUE(driver_.network().listen(address, {driver_.server_loop.get()}, echo).has_value());
}

TEST_F(PosixNetworkTest, AReadIsLostWhenThePeerResets) {
  Keeper keeper;
  auto listener = driver_.listen(keeper.accept());
  Socket peer = raw_connect(listener->local());
  while (true) {
    bool here = false;
    driver_.on(*driver_.server_loop, [&] { here = !keeper.kept().empty(); });
    if (here) break;
  }
  const linger reset{.l_onoff = 1, .l_linger = 0};
  setsockopt(peer.descriptor(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  peer = Socket();
  std::byte one[1];
  for (int repeat = 0; repeat < 2; ++repeat) {
    const auto lost = await<size_t>(driver_.world().threads, [&](auto done) {
      driver_.server_loop->post(
          [&, done = std::move(done)]() mutable { keeper.kept()[0]->read(one, std::move(done)); });
    });
    ASSERT_FALSE(lost.has_value());
    EXPECT_EQ(lost.error().code(), ErrorCode::kIoFailed);
  }
  driver_.on(*driver_.server_loop, [&] { keeper.kept().clear(); });
}

TEST_F(PosixNetworkTest, WithoutDescriptorsAcceptingPausesAndGoesOn) {
  auto listener = driver_.listen(echo);
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  std::vector<Socket> fillers;
  std::vector<StreamPtr> streams;
  const Socket probe(dup(0));
  // Room for the clients' sockets, none for the server's.
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(probe.descriptor()) + 40;
  setrlimit(RLIMIT_NOFILE, &tight);
  std::vector<Socket> clients;
  for (int i = 0; i < 5; ++i) {
    clients.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  }
  while (true) {
    Socket filler(dup(0));
    if (!filler) break;
    fillers.push_back(std::move(filler));
  }
  const auto found = look_up(listener->local(), AddressUse::kConnect);
  for (const Socket& client : clients) {
    EXPECT_EQ(::connect(client.descriptor(), found->front().get(), found->front().bytes), 0);
    EXPECT_EQ(::write(client.descriptor(), "hello", 5), 5);
  }
  timespec cpu_before{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_before);
  usleep(250'000);
  timespec cpu_after{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu_after);
  const double spent = static_cast<double>(cpu_after.tv_sec - cpu_before.tv_sec) +
                       static_cast<double>(cpu_after.tv_nsec - cpu_before.tv_nsec) / 1e9;
  EXPECT_LT(spent, 0.1) << "it spins";
  fillers.clear();
  setrlimit(RLIMIT_NOFILE, &before);
  for (const Socket& client : clients) {
    char text[5];
    EXPECT_EQ(recv(client.descriptor(), text, sizeof text, MSG_WAITALL), 5);
  }
}

TEST_F(PosixNetworkTest, ALoopWithNothingToDoCostsNothing) {
  auto listener = driver_.listen(echo);
  StreamPtr stream = driver_.connect(listener->local());
  expect_echo(listener->local());
  timespec before{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
  usleep(200'000);
  timespec after{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
  const int64_t spent_ns =
      (after.tv_sec - before.tv_sec) * kNsPerSecond + after.tv_nsec - before.tv_nsec;
  EXPECT_LT(spent_ns, 20 * kNsPerMs);
  driver_.drop(stream);
}

TEST_F(PosixNetworkTest, PostsFromManyThreadsWakeALoopThatWaits) {
  constexpr int kPosters = 4;
  constexpr int kPosts = 20'000;
  Notification done;
  int ran = 0;
  std::vector<std::unique_ptr<Executor>> posters;
  for (int poster = 0; poster < kPosters; ++poster) {
    posters.push_back(driver_.world().threads.start({.name = "poster"}));
    posters.back()->post([&] {
      for (int post = 0; post < kPosts; ++post) {
        driver_.server_loop->post([&] {
          if (++ran == kPosters * kPosts) done.set();
        });
      }
    });
  }
  driver_.world().threads.wait(done);
  EXPECT_EQ(ran, kPosters * kPosts);
  // One at a time, so that the loop sleeps in between.
  for (int post = 0; post < 1'000; ++post) driver_.on(*driver_.server_loop, [] {});
}

TEST_F(PosixNetworkTest, ATimerIsOnTime) {
  int64_t latest_ns = INT64_MAX;
  for (int tries = 0; tries < 20; ++tries) {
    Notification done;
    int64_t late_ns = 0;
    Loop& loop = *driver_.server_loop;
    const MonotonicTime when = loop.now() + 300 * kNsPerUs;
    loop.post_at(when, [&] {
      late_ns = loop.now() - when;
      done.set();
    });
    driver_.world().threads.wait(done);
    EXPECT_GE(late_ns, 0);
    latest_ns = std::min(latest_ns, late_ns);
  }
  EXPECT_LT(latest_ns, 500 * kNsPerUs);
}

}  // namespace
}  // namespace millrace::io
