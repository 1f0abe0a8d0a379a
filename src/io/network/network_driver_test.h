#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "io/await.h"
#include "io/posix_world.h"
#include "io/simulated_world.h"

namespace millrace::io {

// NetworkDriver: a client and a server in one world, for tests. Its calls block, outside the loops.
class NetworkDriver {
 public:
  explicit NetworkDriver(World world)
      : world_(world),
        server_loop(world.network.start_loop({.name = "server"})),
        client_loop(world.network.start_loop({.name = "client"})) {}

  World& world() { return world_; }
  Network& network() { return world_.network; }

  // Runs `call` on a loop and waits until it has run.
  void on(Executor& loop, std::function<void()> call) {
    Notification done;
    loop.post([&] {
      call();
      done.set();
    });
    world_.threads.wait(done);
  }
  ListenerPtr listen(Accept accept, Address address = {"127.0.0.1", 0}) {
    auto listener = network().listen(address, {server_loop.get()}, std::move(accept));
    EXPECT_TRUE(listener.has_value()) << listener.error().to_string();
    return *std::move(listener);
  }
  Result<StreamPtr> try_connect(const Address& address) {
    return await<StreamPtr>(world_.threads, [&](auto done) {
      network().connect(address, *client_loop, std::move(done));
    });
  }
  StreamPtr connect(const Address& address) {
    auto stream = try_connect(address);
    EXPECT_TRUE(stream.has_value()) << stream.error().to_string();
    return stream ? *std::move(stream) : nullptr;
  }

  // All on the client's loop.
  Result<size_t> read(Stream& stream, std::span<std::byte> into) {
    return await<size_t>(world_.threads, [&](auto done) {
      client_loop->post([&stream, into, done = std::move(done)]() mutable {
        stream.read(into, std::move(done));
      });
    });
  }
  // What comes, up to `bytes`, in blocks of a random size.
  std::string read_all(Stream& stream, size_t bytes) {
    std::string text;
    std::vector<std::byte> block(1 + random() % (256 << 10));
    while (text.size() < bytes) {
      const auto got = read(stream, block);
      if (!got || *got == 0) break;
      text.append(reinterpret_cast<const char*>(block.data()), *got);
    }
    return text;
  }
  Result<void> write(Stream& stream, std::vector<Buffer> chain) {
    return await<void>(world_.threads, [&](auto done) {
      client_loop->post([&stream, chain = std::move(chain), done = std::move(done)]() mutable {
        stream.write(std::move(chain), std::move(done));
      });
    });
  }
  void drop(StreamPtr& stream) {
    on(*client_loop, [&] { stream.reset(); });
  }

  std::string random_text(size_t bytes) {
    std::string text(bytes, '\0');
    for (char& c : text) c = static_cast<char>(random());
    return text;
  }
  // `text` in parts of random sizes, some of them empty.
  std::vector<Buffer> chain_of(std::string_view text, size_t part_max) {
    std::vector<Buffer> chain;
    while (!text.empty()) {
      const size_t part = std::min<size_t>(text.size(), random() % (part_max + 1));
      chain.push_back(Buffer::copy_of(text.substr(0, part)));
      text.remove_prefix(part);
    }
    return chain;
  }

 private:
  World world_;

 public:
  std::unique_ptr<Loop> server_loop;
  std::unique_ptr<Loop> client_loop;
  std::mt19937 random{7};
};

// Sends back what it reads, until the peer is done. Keeps itself while it reads.
class Echo : public std::enable_shared_from_this<Echo> {
 public:
  explicit Echo(StreamPtr stream) : stream_(std::move(stream)) {}
  void go() {
    stream_->read(block_, [self = shared_from_this()](Result<size_t> got) {
      if (!got) return self->stream_->close();
      if (*got == 0) return self->stream_->shutdown();
      const std::span bytes(self->block_.data(), *got);
      self->stream_->write({Buffer::copy_of(bytes)}, [self](Result<void>) {});
      self->go();
    });
  }

 private:
  const StreamPtr stream_;
  std::vector<std::byte> block_ = std::vector<std::byte>(10'000);
};

inline void echo(StreamPtr stream, Loop&) {
  std::make_shared<Echo>(std::move(stream))->go();
}

// Accepts connections and keeps them, doing nothing.
class Keeper {
 public:
  Accept accept() {
    return [kept = kept_](StreamPtr stream, Loop&) { kept->push_back(std::move(stream)); };
  }
  std::vector<StreamPtr>& kept() { return *kept_; }

 private:
  std::shared_ptr<std::vector<StreamPtr>> kept_ = std::make_shared<std::vector<StreamPtr>>();
};

}  // namespace millrace::io
