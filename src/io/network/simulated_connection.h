#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>

#include "io/network/simulated_network.h"

namespace millrace::io {

class SimulatedStream;

// The ends of a connection, as indexes.
enum class Side : uint8_t { kClient = 0, kServer = 1 };

// SimulatedConnection: two ends, and what is on its way to each. Confined to the world's thread.
class SimulatedConnection : public std::enable_shared_from_this<SimulatedConnection> {
 public:
  struct Place {
    Loop* loop;  // null: it has ended
    Address address;
  };
  SimulatedConnection(SimulatedNetwork& network, uint64_t id, Place client, Place server);

  SimulatedNetwork& network() { return network_; }
  const Address& address(Side side) const { return end(side).place.address; }
  uint16_t port() const { return address(Side::kServer).port; }
  // null once it has ended.
  Loop* loop(Side side) const { return end(side).place.loop; }
  uint64_t id() const { return id_; }

  // The stream of `side`: it is told what it may do. null: it has gone.
  void attach(Side side, SimulatedStream* stream) { end(side).stream = stream; }
  bool broken(Side side) const { return end(side).broken; }
  // Bytes that have arrived at `side`, as many as there are, or as the seed wills; 0: none.
  size_t take(Side side, std::span<std::byte> into);
  // Whether all has been taken, and no more comes.
  bool at_end(Side side) const;
  // Sends from `side`, as many bytes as there is room for; `extra_ns` longer than usual.
  size_t send(Side side, std::span<const std::byte> bytes, int64_t extra_ns);
  void send_end(Side side);
  // `side` takes and sends no more. What it has not taken makes a reset of it.
  void close(Side side);

  void cut();
  void silence();
  void heal();
  // The loop of one or both ends has ended.
  void loop_ends(const Loop& loop);

 private:
  struct End {
    Place place;
    SimulatedStream* stream = nullptr;
    std::deque<std::byte> coming;  // sent to this end and not taken
    size_t arrived = 0;            // of `coming`, from its front
    MonotonicTime last_arrival;
    bool ended = false;       // the other end sends no more
    bool closed = false;      // this end takes no more
    bool broken = false;      // this end has lost the connection
    bool reset_held = false;  // comes when the silence is over
  };
  const End& end(Side side) const { return ends_[static_cast<size_t>(side)]; }
  End& end(Side side) { return ends_[static_cast<size_t>(side)]; }
  static Side other(Side side) { return side == Side::kClient ? Side::kServer : Side::kClient; }
  // Runs `call` on the loop of `side`, when something that is sent to it now arrives.
  template <class Call>
  void deliver(Side side, int64_t extra_ns, Call call);
  void reset(Side side);
  void lose(Side side);
  // Lets the stream of `side` try again, on its loop.
  void tell(Side side);

  SimulatedNetwork& network_;
  const uint64_t id_;
  std::array<End, 2> ends_;
  bool silent_ = false;
  uint64_t silences_ = 0;
};

}  // namespace millrace::io
