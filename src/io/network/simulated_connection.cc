#include "io/network/simulated_connection.h"

#include <algorithm>
#include <utility>

#include "io/network/simulated_stream.h"

namespace millrace::io {

SimulatedConnection::SimulatedConnection(SimulatedNetwork& network, uint64_t id, Place client,
                                         Place server)
    : network_(network), id_(id) {
  end(Side::kClient).place = std::move(client);
  end(Side::kServer).place = std::move(server);
}

template <class Call>
void SimulatedConnection::deliver(Side side, int64_t extra_ns, Call call) {
  End& to = end(side);
  if (to.place.loop == nullptr) return;
  const MonotonicTime soonest = to.place.loop->now() + network_.latency() + extra_ns;
  to.last_arrival = std::max(to.last_arrival, soonest);
  to.place.loop->post_at(to.last_arrival,
                         [self = shared_from_this(), call = std::move(call)] { call(); });
}

void SimulatedConnection::tell(Side side) {
  if (loop(side) == nullptr) return;
  loop(side)->post([self = shared_from_this(), side] {
    if (self->end(side).stream != nullptr) self->end(side).stream->ready();
  });
}

size_t SimulatedConnection::take(Side side, std::span<std::byte> into) {
  End& from = end(side);
  const size_t most = silent_ ? 0 : std::min(from.arrived, into.size());
  if (most == 0) return 0;
  // Mostly all that is there, sometimes a part, sometimes a single byte.
  const uint64_t cut = network_.random_.below(8);
  const size_t bytes = cut == 0 ? 1 : cut == 1 ? 1 + network_.random_.below(most) : most;
  const auto last = from.coming.begin() + static_cast<std::ptrdiff_t>(bytes);
  std::copy(from.coming.begin(), last, into.begin());
  from.coming.erase(from.coming.begin(), last);
  from.arrived -= bytes;
  network_.trace_.note("net.take", id_, bytes);
  tell(other(side));
  return bytes;
}

bool SimulatedConnection::at_end(Side side) const {
  return !silent_ && end(side).ended && end(side).coming.empty();
}

size_t SimulatedConnection::send(Side side, std::span<const std::byte> bytes, int64_t extra_ns) {
  End& to = end(other(side));
  if (to.closed) {
    deliver(side, extra_ns, [this, side] { reset(side); });
    return bytes.size();
  }
  const size_t room = network_.options_.buffer_bytes - to.coming.size();
  const size_t sent = std::min(bytes.size(), room);
  if (sent == 0) return 0;
  to.coming.insert(to.coming.end(), bytes.begin(),
                   bytes.begin() + static_cast<std::ptrdiff_t>(sent));
  deliver(other(side), extra_ns, [&to, sent] {
    to.arrived = std::min(to.arrived + sent, to.coming.size());
    if (to.stream != nullptr) to.stream->ready();
  });
  return sent;
}

void SimulatedConnection::send_end(Side side) {
  End& to = end(other(side));
  deliver(other(side), 0, [&to] {
    to.ended = true;
    if (to.stream != nullptr) to.stream->ready();
  });
}

void SimulatedConnection::close(Side side) {
  End& mine = end(side);
  if (std::exchange(mine.closed, true)) return;
  network_.trace_.note("net.close", id_, static_cast<uint64_t>(side));
  mine.stream = nullptr;
  const bool refused = !mine.coming.empty();
  mine.coming.clear();
  mine.arrived = 0;
  if (!refused) return send_end(side);
  deliver(other(side), 0, [this, to = other(side)] { reset(to); });
}

void SimulatedConnection::reset(Side side) {
  if (silent_) {
    end(side).reset_held = true;
  } else {
    lose(side);
  }
}

void SimulatedConnection::lose(Side side) {
  End& mine = end(side);
  mine.broken = true;
  mine.closed = true;
  mine.coming.clear();
  mine.arrived = 0;
  tell(side);
}

void SimulatedConnection::cut() {
  network_.trace_.note("net.cut", id_);
  lose(Side::kClient);
  lose(Side::kServer);
}

void SimulatedConnection::silence() {
  if (std::exchange(silent_, true)) return;
  network_.trace_.note("net.silence", id_);
  ++silences_;
  for (const Side side : {Side::kClient, Side::kServer}) {
    if (loop(side) == nullptr) continue;
    const MonotonicTime last = loop(side)->now() + network_.options_.patience_ns;
    loop(side)->post_at(last, [self = shared_from_this(), side, silences = silences_] {
      if (self->silent_ && self->silences_ == silences) self->lose(side);
    });
  }
}

void SimulatedConnection::heal() {
  if (!std::exchange(silent_, false)) return;
  network_.trace_.note("net.heal", id_);
  for (const Side side : {Side::kClient, Side::kServer}) {
    if (std::exchange(end(side).reset_held, false)) lose(side);
    tell(side);
  }
}

void SimulatedConnection::loop_ends(const Loop& loop) {
  std::array<bool, 2> dies{};
  for (const Side side : {Side::kClient, Side::kServer}) {
    dies[static_cast<size_t>(side)] = this->loop(side) == &loop;
    if (this->loop(side) == &loop) end(side).place.loop = nullptr;
  }
  for (const Side side : {Side::kClient, Side::kServer}) {
    if (!dies[static_cast<size_t>(side)]) continue;
    SimulatedStream* const stream = end(side).stream;
    close(side);
    if (stream != nullptr) stream->abandon();
  }
}

}  // namespace millrace::io
