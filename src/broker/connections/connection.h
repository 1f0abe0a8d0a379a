#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/memory_account.h"
#include "broker/connections/frame_reader.h"
#include "broker/connections/response_queue.h"
#include "broker/dispatcher.h"
#include "io/network/network.h"

namespace millrace::broker {

struct ConnectionLimits {
  uint32_t frame_bytes_max = 104'857'600;        // socket.request.max.bytes
  size_t in_flight_max = 1'000;                  // requests without an answer
  size_t in_flight_bytes_max = 256 << 20;        // of them
  size_t unsent_bytes_max = 64 << 20;            // of answers that the peer has not taken
  int64_t idle_ns_max = 600 * io::kNsPerSecond;  // connections.max.idle.ms
};

// Connection: one client: requests in, answers out in their order. What is beyond the limits stays
// in the socket, so a client that is too fast, or too slow to take its answers, waits for itself.
//
// Threading:  confined to its loop.
// Ownership:  keeps itself while the peer is there; dispatcher and account outlive it.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Parts {
    const Dispatcher& dispatcher;
    io::Executor& loop;
    Endpoint endpoint;  // what clients of this door are told
    ConnectionLimits limits;
    MemoryAccount* account = nullptr;
    // Once, when it has ended: why, or nullopt if the peer went. On the loop.
    std::function<void(Connection&, const std::optional<Error>&)> on_end;
  };
  Connection(io::StreamPtr stream, Parts parts);

  // Begins to read.
  void start();
  // Closes the stream; answers that are under way are dropped.
  void end(const std::optional<Error>& why);

  const std::string& peer() const { return peer_; }

 private:
  void read();
  void received(Result<size_t> got);
  // Hands out the frames that have come whole. False: the connection has ended.
  bool dispatch_frames();
  void dispatch(Buffer frame);
  // On its loop; nothing where it has gone.
  static void tell(const std::weak_ptr<Connection>& to, uint64_t request, Answer answer);
  void answered(uint64_t request, Answer answer);
  void send_ready();
  bool overloaded() const;
  void watch_idleness();

  const Parts parts_;
  io::StreamPtr stream_;
  const std::string peer_;
  FrameReader frames_;
  ResponseQueue queue_;
  size_t unsent_bytes_ = 0;
  io::MonotonicTime last_received_;
  bool reading_ = false;
  bool dispatching_ = false;  // answers are sent when it is over
  bool ended_ = false;
};

}  // namespace millrace::broker
