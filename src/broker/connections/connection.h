#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/memory_account.h"
#include "broker/connections/frame_reader.h"
#include "broker/connections/response_queue.h"
#include "broker/connections/traffic.h"
#include "broker/dispatcher.h"
#include "io/network/network.h"

namespace millrace::broker {

struct ConnectionLimits {
  uint32_t frame_bytes_max = 104'857'600;        // socket.request.max.bytes
  size_t in_flight_max = 1'000;                  // requests without an answer
  size_t in_flight_bytes_max = 256 << 20;        // of them
  size_t unsent_bytes_max = 64 << 20;            // of answers that the peer has not taken
  int64_t idle_ns_max = 600 * io::kNsPerSecond;  // connections.max.idle.ms
  // How long a peer may take for the next piece of an answer, or of a large request that has
  // begun: both hold memory.
  int64_t stall_ns_max = 120 * io::kNsPerSecond;
  // Of a connection that says nothing more: what it takes of what the peer still sends, and how
  // long it waits for the peer to go, once the last answer is on its way.
  uint64_t farewell_bytes_max = 16 << 20;
  int64_t farewell_ns_max = 5 * io::kNsPerSecond;
};

// Connection: one client: requests in, answers out in their order. What is beyond the limits stays
// in the socket, so a client that is too fast, or too slow to take its answers, waits for itself.
// Beside its own limits it keeps to those of all: it takes room in the traffic for a large request
// before the rest of it is read, and for any other before it is handed out. A small request of a
// client that has nothing else under way always passes, so heartbeats do not wait for records; one
// that fetches does not, for its answer is large.
// Where it has said its last word, because the client sent what cannot be read or because the door
// finishes, it takes what still comes for a while, without looking at it: with bytes unread the
// system would take back answers that the client has no room for yet.
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
    std::shared_ptr<Traffic> traffic;  // of all connections
    // Once, when it has ended: why, or nullopt if the peer went. On the loop.
    std::function<void(Connection&, const std::optional<Error>&)> on_end;
  };
  Connection(io::StreamPtr stream, Parts parts);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Begins to read.
  void start();
  // Closes the stream, at once; answers that are under way are dropped.
  void end(const std::optional<Error>& why);
  // Takes no more requests, and ends when those that it took are answered, and the peer has gone
  // or had time for that.
  void finish();

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
  void send_pieces(std::vector<Buffer> chain);
  void sent(size_t bytes, const Result<void>& written);
  // Hands out what has come and reads on.
  void go_on();
  void end_if_finished();
  // Nothing more is answered; what was is still sent.
  void leave(const std::optional<Error>& why);
  void drain();
  void drained(const Result<size_t>& got);
  void gone();
  void end_when_gone();
  // Room for a whole frame, or for the rest of a large one; false: it will be told.
  bool admit(const Buffer& frame);
  bool admit_rest();
  void wait_for_room(size_t bytes);
  void mute(int64_t ns);
  bool overloaded() const;
  void watch_idleness();
  void watch_stall();
  bool stalled() const;

  const Parts parts_;
  io::StreamPtr stream_;
  const std::string peer_;
  FrameReader frames_;
  ResponseQueue queue_;
  size_t unsent_bytes_ = 0;
  size_t reserved_bytes_ = 0;        // for the large frame that is being received
  std::optional<Buffer> held_back_;  // a frame that has no room yet
  io::MonotonicTime last_received_;
  io::MonotonicTime last_sent_;
  io::MonotonicTime muted_until_;
  bool reading_ = false;
  bool dispatching_ = false;  // answers are sent when it is over
  bool waiting_ = false;      // for room
  bool stall_watched_ = false;
  bool finishing_ = false;
  bool answered_any_ = false;
  bool leaving_ = false;
  bool peer_gone_ = false;           // or sent more than is taken
  std::optional<Error> last_words_;  // why it leaves, if something was wrong
  Buffer drained_;                   // where bytes go that nobody looks at
  uint64_t drained_bytes_ = 0;
  bool ended_ = false;
};

}  // namespace millrace::broker
