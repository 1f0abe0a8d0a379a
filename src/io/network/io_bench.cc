// What a connection over the machine's own loopback carries, and what it costs: bytes per second,
// bytes per second of CPU (both ends together), round trips.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "io/await.h"
#include "io/posix_world.h"
#include "io/process_usage.h"

namespace millrace::io {
namespace {

constexpr size_t kBlockBytes = 1 << 20;  // of one read
constexpr size_t kQueuedWrites = 4;

double cpu_seconds() {
  const ProcessUsage used = process_usage();
  return static_cast<double>(used.user_us + used.system_us) / 1e6;
}

// Counts what it reads, into the same bytes again. Confined to its loop.
class Drain : public std::enable_shared_from_this<Drain> {
 public:
  explicit Drain(StreamPtr stream) : stream_(std::move(stream)), block_(kBlockBytes) {}
  void go() {
    stream_->read(block_, [this, self = shared_from_this()](Result<size_t> got) {
      if (got && *got > 0) go();
    });
  }

 private:
  const StreamPtr stream_;
  std::vector<std::byte> block_;
};

// Answers each message of `bytes` with itself.
class PingPong : public std::enable_shared_from_this<PingPong> {
 public:
  PingPong(StreamPtr stream, size_t bytes) : stream_(std::move(stream)), block_(bytes) {}
  void go(size_t filled) {
    stream_->read(std::span(block_).subspan(filled),
                  [self = shared_from_this(), filled](Result<size_t> got) {
                    if (!got || *got == 0) return;
                    const size_t now = filled + *got;
                    if (now < self->block_.size()) return self->go(now);
                    self->stream_->write({Buffer::copy_of(self->block_)}, [](Result<void>) {});
                    self->go(0);
                  });
  }

 private:
  const StreamPtr stream_;
  std::vector<std::byte> block_;
};

// A client of a server in the same process, each on a loop of its own.
class Pair {
 public:
  explicit Pair(Accept accept)
      : server(world.world().network.start_loop({.name = "server"})),
        client(world.world().network.start_loop({.name = "client"})),
        listener(*world.world().network.listen({"127.0.0.1", 0}, {server.get()}, accept)) {
    stream = *await<StreamPtr>(world.world().threads, [&](auto done) {
      world.world().network.connect(listener->local(), *client, std::move(done));
    });
  }

  PosixWorld world;
  StreamPtr stream;  // goes after its loop
  std::unique_ptr<Loop> server;
  std::unique_ptr<Loop> client;
  ListenerPtr listener;
};

// Keeps writes queued until the bytes are gone. Confined to the client's loop.
class Pump {
 public:
  Pump(Stream& stream, size_t write_bytes, size_t total_bytes, Notification& done)
      : stream_(stream), block_(Buffer::zeroed(write_bytes)), left_(total_bytes), done_(done) {}
  void go() {
    while (left_ > 0 && queued_ < kQueuedWrites) {
      left_ -= std::min(left_, block_.bytes());
      ++queued_;
      stream_.write({block_}, [this](Result<void>) {
        --queued_;
        go();
      });
    }
    if (left_ == 0 && queued_ == 0) done_.set();
  }

 private:
  Stream& stream_;
  const Buffer block_;
  size_t left_;
  size_t queued_ = 0;
  Notification& done_;
};

void one_way(benchmark::State& state) {
  Pair pair([](StreamPtr stream, Loop&) { std::make_shared<Drain>(std::move(stream))->go(); });
  const auto write_bytes = static_cast<size_t>(state.range(0));
  constexpr size_t kTotalBytes = 1 << 30;
  const double before = cpu_seconds();
  for (auto _ : state) {
    Notification done;
    Pump pump(*pair.stream, write_bytes, kTotalBytes, done);
    pair.client->post([&] { pump.go(); });
    done.block();
  }
  const double bytes = static_cast<double>(state.iterations()) * kTotalBytes;
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  state.counters["GB/CPU-s"] = bytes / 1e9 / (cpu_seconds() - before);
}
BENCHMARK(one_way)
    ->Arg(16 << 10)
    ->Arg(64 << 10)
    ->Arg(1 << 20)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

// One message after the other, each when the answer to the one before has come. Confined to the
// client's loop.
class Pinger {
 public:
  Pinger(Stream& stream, Loop& loop, size_t bytes)
      : stream_(stream), loop_(loop), message_(Buffer::zeroed(bytes)), block_(bytes) {}
  void go(int messages, Notification& done) {
    if (messages == 0) return done.set();
    const MonotonicTime sent = loop_.now();
    stream_.write({message_}, [](Result<void>) {});
    read(0, [this, messages, sent, &done] {
      times_ns.push_back(loop_.now() - sent);
      go(messages - 1, done);
    });
  }
  std::vector<int64_t> times_ns;

 private:
  void read(size_t filled, Task whole) {
    stream_.read(std::span(block_).subspan(filled),
                 [this, filled, whole = std::move(whole)](Result<size_t> got) mutable {
                   if (filled + *got == block_.size()) return whole();
                   read(filled + *got, std::move(whole));
                 });
  }
  Stream& stream_;
  Loop& loop_;
  const Buffer message_;
  std::vector<std::byte> block_;
};

void round_trips(benchmark::State& state) {
  constexpr int kMessages = 1'000;
  const auto bytes = static_cast<size_t>(state.range(0));
  Pair pair([bytes](StreamPtr stream, Loop&) {
    std::make_shared<PingPong>(std::move(stream), bytes)->go(0);
  });
  Pinger pinger(*pair.stream, *pair.client, bytes);
  const double before = cpu_seconds();
  for (auto _ : state) {
    Notification done;
    pair.client->post([&] { pinger.go(kMessages, done); });
    done.block();
  }
  const double messages = static_cast<double>(state.iterations()) * kMessages;
  state.SetItemsProcessed(static_cast<int64_t>(messages));
  std::ranges::sort(pinger.times_ns);
  const auto at_us = [&](double share) {
    const double last = static_cast<double>(pinger.times_ns.size() - 1);
    return static_cast<double>(pinger.times_ns[static_cast<size_t>(share * last)]) / 1e3;
  };
  state.counters["p50_us"] = at_us(0.5);
  state.counters["p99_us"] = at_us(0.99);
  state.counters["CPU_us"] = (cpu_seconds() - before) * 1e6 / messages;
}
BENCHMARK(round_trips)->Arg(100)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace millrace::io
